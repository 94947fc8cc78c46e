/** Builders for tests of configurators. */
import assert from "node:assert/strict";
import type { VirtualMachineInstanceSpec } from "../../api/virtual_machine_instance_spec.ts";
import type { Configurator, DomainFacts, DomainInput, Fragment } from "../configurator.ts";
import { renderXml } from "../xml.ts";

type DomainSpec = VirtualMachineInstanceSpec["domain"];

export interface InputParts {
  domain?: Partial<DomainSpec>;
  devices?: DomainSpec["devices"];
  spec?: Partial<VirtualMachineInstanceSpec>;
  annotations?: Record<string, string>;
  facts?: Partial<DomainFacts>;
}

export const UID = "5a5a5a5a-0000-4000-8000-000000000001";

/** A VMI of 64 MiB with nothing but what is asked for. */
export function domainInput(parts: InputParts = {}): DomainInput {
  return {
    vmi: {
      apiVersion: "kubevirt.io/v1",
      kind: "VirtualMachineInstance",
      metadata: {
        name: "small",
        namespace: "default",
        uid: UID,
        annotations: parts.annotations ?? {},
      },
      spec: {
        ...parts.spec,
        domain: { memory: { guest: "64Mi" }, ...parts.domain, devices: parts.devices ?? {} },
      },
    },
    facts: { emulated: false, disks: {}, interfaces: {}, ...parts.facts },
  };
}

/** A row: what is asked for, and the XML or the refused fields (with `refused: `) that it becomes. */
export type ConfiguratorRow = [criterion: string, parts: InputParts, expected: string[]];

/** Tests one configurator by a table. */
export function testConfigurator(
  name: string,
  configure: Configurator,
  rows: readonly ConfiguratorRow[],
): void {
  for (const [criterion, parts, expected] of rows) {
    Deno.test(`${name}() ${criterion}`, () => {
      assert.deepEqual(describe(configure(domainInput(parts))), expected);
    });
  }
}

/** One string for each element, on one line. */
function describe(fragment: Fragment): string[] {
  const elements = [
    ...fragment.elements ?? [],
    ...fragment.features ?? [],
    ...fragment.devices ?? [],
  ];
  return [
    ...elements.map((node) => renderXml(node).replace(/\n */g, "")),
    ...(fragment.refusals ?? []).map((refusal) => `refused: ${refusal.field}`),
  ];
}

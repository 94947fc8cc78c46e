import assert from "node:assert/strict";
import { parse, stringify } from "yaml";
import type { VirtualMachineInstanceSpec } from "../../api/virtual_machine_instance_spec.ts";
import { vmi } from "../testing/vmi.ts";
import { planVolumes, socketsOf } from "./plan.ts";

const TESTDATA = new URL("./testdata/", import.meta.url);
const UPDATE = Deno.env.get("UPDATE_TESTDATA") === "1";
const INPUT = ".input.yaml";

const names = [...Deno.readDirSync(TESTDATA)].map(({ name }) => name)
  .filter((name) => name.endsWith(INPUT)).sort();

for (const name of names) {
  Deno.test(`planVolumes() of ${name.slice(0, -INPUT.length)}`, () => {
    const { volumes, domain } = parse(
      Deno.readTextFileSync(new URL(name, TESTDATA)),
    ) as VirtualMachineInstanceSpec;
    const plan = planVolumes(vmi({ spec: volumes === undefined ? {} : { volumes }, domain }));
    const text = stringify({ ...plan, sockets: socketsOf(plan) }, { lineWidth: 0 });
    const golden = new URL(name.replace(INPUT, ".output.yaml"), TESTDATA);
    if (UPDATE) Deno.writeTextFileSync(golden, text);
    assert.equal(text, Deno.readTextFileSync(golden));
  });
}

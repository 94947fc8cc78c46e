/**
 * Upstream's own data: the schemas, fixtures and examples that our API is compared with. It lies beside the repository and
 * is never copied into it, so a clone has none and its tests are skipped; in CI its absence is a failure.
 */
import { parseAllDocuments } from "yaml";

/** Where the data is: `DENOVIRT_UPSTREAM`, else `../shared/upstream` from the root of the repository. */
const FOLDER = locate();

function locate(): URL {
  const configured = Deno.env.get("DENOVIRT_UPSTREAM");
  if (configured === undefined) return new URL("../../../shared/upstream/", import.meta.url);
  const path = configured.endsWith("/") ? configured : `${configured}/`;
  return new URL(path, `file://${Deno.cwd()}/`);
}

function isPresent(): boolean {
  try {
    return Deno.statSync(FOLDER).isDirectory;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return false;
    throw error;
  }
}

/** A test that reads upstream's data. */
export interface UpstreamTest {
  /** Skip it for another reason, which its name says. @default false */
  ignore?: boolean;
  run(): void | Promise<void>;
}

/** Declares a test that reads upstream's data. Without the data it is skipped and says so; in CI it fails. */
export function testAgainstUpstream(name: string, { ignore = false, run }: UpstreamTest): void {
  if (isPresent()) {
    Deno.test({ name, ignore, fn: run });
    return;
  }
  const why = `upstream's data is not at ${FOLDER.pathname}`;
  if (Deno.env.get("CI") === "true") {
    Deno.test(name, () => {
      throw new Error(`Cannot compare with upstream: ${why}`);
    });
    return;
  }
  Deno.test({ name: `${name} (skipped: ${why})`, ignore: true, fn: run });
}

/** The parsed content of a JSON file. */
export function readUpstreamJson(path: string): unknown {
  return JSON.parse(Deno.readTextFileSync(new URL(path, FOLDER)));
}

/** Folders of manifests. */
const MANIFESTS: readonly string[] = ["examples/", "common-instancetypes/"];

/** The objects of a kind in upstream's examples and common instancetypes, each with the file that it stands in. */
export function upstreamExamples(kind: string): { file: string; object: unknown }[] {
  return MANIFESTS.flatMap((path) => {
    const folder = new URL(path, FOLDER);
    const files = [...Deno.readDirSync(folder)].map((entry) => entry.name)
      .filter((name) => name.endsWith(".yaml")).sort();
    return files.flatMap((file) =>
      parseAllDocuments(Deno.readTextFileSync(new URL(file, folder)))
        .map((document): unknown => document.toJS())
        .filter((object) => isKind(object, kind))
        .map((object) => ({ file, object }))
    );
  });
}

/** Whether upstream has a fully filled object of the kind. */
export function hasFixture(kind: string): boolean {
  return FIXTURES.has(kind);
}

/** The kinds of which upstream keeps fixtures. */
const FIXTURES: ReadonlySet<string> = new Set([
  "VirtualMachine",
  "VirtualMachineInstance",
  "KubeVirt",
]);

function isKind(object: unknown, kind: string): boolean {
  return typeof object === "object" && object !== null && "kind" in object && object.kind === kind;
}

/** The numbers of KubeVirt's features, in order: the rows of section A of the facts that lie beside the data. */
export function featureNumbers(): number[] {
  const text = Deno.readTextFileSync(new URL("../kubevirt.md", FOLDER));
  const section = text.slice(text.search(/^# A\. /m), text.search(/^# B\. /m));
  return [...section.matchAll(/^\| (\d+) \|/gm)].map(([, number]) => Number(number));
}

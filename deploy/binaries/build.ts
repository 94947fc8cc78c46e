/**
 * Compiles the programs and prints what they cost, beside the same sources run by Deno as a bundle:
 *
 *   deno run --allow-all deploy/binaries/build.ts [DIRECTORY] [-o json]     (dist)
 *
 * The figures of a serving program need a control plane; where it is not built yet they are left out.
 */
import { bundle } from "../images/bundle.ts";
import { type Figures, figuresOf, type Form } from "../../tests/bench/program_figures.ts";
import { Cluster } from "../../tests/cluster/cluster.ts";
import { compileRuntime } from "../../tests/toolchain/build_compile_runtime.ts";
import { kubernetesIsBuilt } from "../../tests/toolchain/build_kubernetes.ts";
import { nativeDirectory } from "../../tests/toolchain/build_native.ts";
import { say, step } from "../../tests/toolchain/progress.ts";
import {
  compilePrograms,
  CONTROLLER_PERMISSIONS,
  NATIVE_PARTS,
  type Programs,
} from "./compile_programs.ts";

const DEFAULT_DIRECTORY = new URL("../../dist", import.meta.url).pathname;
const SOURCES = new URL("../../src", import.meta.url).pathname;
const RUN = ["run", "--quiet", "--no-config", "--no-lock", "--cached-only"];

interface Report {
  runtime: { version: string; complete: boolean };
  figures: Figures[];
}

async function build(directory: string): Promise<Report> {
  await Deno.mkdir(directory, { recursive: true });
  const native = await nativeDirectory();
  const runtime = await compileRuntime();
  const options = { directory, nativeDirectory: native, runtime };
  const programs = await step("compiling the programs", () => compilePrograms(options));
  const { version, complete } = runtime;
  return {
    runtime: { version, complete },
    figures: await figures(programs, { version, native }),
  };
}

async function figures(
  programs: Programs,
  { version, native }: { version: string; native: string },
): Promise<Figures[]> {
  const work = await Deno.makeTempDir({ prefix: "denovirt-figures-" });
  try {
    const forms = [
      ...compiledForms(programs, version),
      ...await bundledForms(work, native),
    ];
    if (Deno.uid() !== 0 || !await kubernetesIsBuilt()) {
      say("figures of serving programs are left out: they need root and `deno task test` before");
      return await measure(forms, undefined);
    }
    await using cluster = await Cluster.start({ nodes: 0 });
    return await measure(forms, cluster.kubeconfigPath);
  } finally {
    await Deno.remove(work, { recursive: true });
  }
}

async function measure(forms: readonly Form[], kubeconfig: string | undefined): Promise<Figures[]> {
  const found: Figures[] = [];
  for (const form of forms) {
    const what = `measuring ${form.program}, ${form.form}`;
    found.push(await step(what, () => figuresOf(form, kubeconfig)));
  }
  return found;
}

function compiledForms({ controller, node, complete }: Programs, version: string): Form[] {
  const form = `compiled with ${version}`;
  const flags = complete ? [] : ["--unverifiable-callers=refuse"];
  return [
    { program: "denovirt-controller", form, command: [controller], flags, files: [controller] },
    { program: "denovirt-node", form, command: [node], flags, files: [node] },
  ];
}

async function bundledForms(work: string, native: string): Promise<Form[]> {
  const form = `deno ${Deno.version.deno} run`;
  const deno = Deno.execPath();
  const controllerFiles = await bundle(`${SOURCES}/controller.ts`, `${work}/controller`);
  const nodeFiles = await bundle(`${SOURCES}/node.ts`, `${work}/node`);
  return [
    {
      program: "denovirt-controller",
      form,
      command: [deno, ...RUN, ...CONTROLLER_PERMISSIONS, controllerFiles[0]],
      flags: [],
      files: [deno, ...controllerFiles],
    },
    {
      program: "denovirt-node",
      form,
      command: [deno, ...RUN, "--allow-all", nodeFiles[0]],
      flags: [`--native-directory=${native}`],
      files: [deno, ...nodeFiles, ...NATIVE_PARTS.map((name) => `${native}/${name}`)],
    },
  ];
}

const HEADINGS = ["program", "form", "size", "exec -> version", "serving", "synced", "RSS"];

function formatTable({ figures }: Report): string {
  const milliseconds = (value: number | undefined) =>
    value === undefined ? "-" : `${value.toFixed(0)} ms`;
  const megabytes = (value: number | undefined) =>
    value === undefined ? "-" : `${(value / 1e6).toFixed(1)} MB`;
  const lines = [
    HEADINGS,
    ...figures.map((each) => [
      each.program,
      each.form,
      megabytes(each.sizeBytes),
      milliseconds(each.versionMs),
      milliseconds(each.servingMs),
      milliseconds(each.syncedMs),
      megabytes(each.rssBytes),
    ]),
  ];
  const widths = HEADINGS.map((_, column) =>
    Math.max(...lines.map((cells) => cells[column]?.length ?? 0))
  );
  return lines.map((cells) =>
    cells.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join("  ").trimEnd()
  ).join("\n") + "\n";
}

const json = Deno.args.includes("-o") && Deno.args[Deno.args.indexOf("-o") + 1] === "json";
const [first] = Deno.args;
const directory = first === undefined || first.startsWith("-") ? DEFAULT_DIRECTORY : first;
const report = await build(directory);
const { version, complete } = report.runtime;
const told = complete
  ? `compiled with deno ${version}\n`
  : `compiled with deno ${version}, not ${Deno.version.deno}, whose denort cannot be had here; these programs refuse ` +
    "callers, so consoles and verbs: see --unverifiable-callers\n";
const text = json ? `${JSON.stringify(report, undefined, 2)}\n` : told + formatTable(report);
Deno.stdout.writeSync(new TextEncoder().encode(text));

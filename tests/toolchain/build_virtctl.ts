import { cachedBuild, isBuilt } from "./cached_build.ts";
import { buildGoProgram, goModuleVersion } from "./go_program.ts";
import { say } from "./progress.ts";
import { runCommand } from "./run_command.ts";

const SOURCE = new URL("./virtctl", import.meta.url).pathname;
const RECIPE = {
  name: "virtctl",
  what: "building virtctl from Go modules",
  paths: [SOURCE],
  build,
};

/**
 * KubeVirt's virtctl from its published Go modules, all commands but `template`, whose modules are not served there. About three
 * minutes on two cores the first time.
 */
export async function virtctl(): Promise<string> {
  return `${await cachedBuild(RECIPE)}/virtctl`;
}

/** Its modules say so. */
const GO_MINOR_MIN = 26;

/** Why it cannot be built here; `undefined` where it can, or has been. */
export async function whyNoVirtctl(): Promise<string | undefined> {
  if (await isBuilt(RECIPE)) return undefined;
  const version = await runCommand(["go", "version"]).catch(() => "no Go");
  const [, minor = "0"] = /go1\.(\d+)/.exec(version) ?? [];
  if (Number(minor) >= GO_MINOR_MIN) return undefined;
  return `Go 1.${GO_MINOR_MIN} or newer builds virtctl: got ${version.trim()}`;
}

async function build(directory: string): Promise<void> {
  const gitVersion = await goModuleVersion(SOURCE, "kubevirt.io/kubevirt");
  const variables = { "kubevirt.io/client-go/version.gitVersion": gitVersion };
  await buildGoProgram({ source: SOURCE, variables }, `${directory}/virtctl`);
}

if (import.meta.main) say(await virtctl());

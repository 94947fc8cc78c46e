import { runCommand } from "./run_command.ts";

export interface GoProgram {
  /** The directory of its module. */
  source: string;
  /** @default the module's own package */
  package?: string;
  tags?: readonly string[];
  /** Variables of packages to their values: "k8s.io/component-base/version.gitVersion". */
  variables?: Readonly<Record<string, string>>;
}

/** A `go` command in a module, as it is written down in go.mod and go.sum and with the compiler that is there. */
async function runGo(source: string, args: readonly string[]): Promise<string> {
  const env = { CGO_ENABLED: "0", GOFLAGS: "", GOWORK: "off", GOTOOLCHAIN: "local" };
  return await runCommand(["go", ...args], { cwd: source, env });
}

/** The version of a module that another one is built with: "v1.34.4". */
export async function goModuleVersion(source: string, module: string): Promise<string> {
  const format = "{{if .Replace}}{{.Replace.Version}}{{else}}{{.Version}}{{end}}";
  return (await runGo(source, ["list", "-m", "-f", format, module])).trim();
}

/** What Kubernetes' programs say their version is. */
export function kubernetesVersionVariables(version: string): Record<string, string> {
  const [major = "", minor = ""] = version.slice(1).split(".");
  const facts = {
    gitVersion: version,
    gitMajor: major,
    gitMinor: minor,
    gitTreeState: "clean",
    buildDate: "1970-01-01T00:00:00Z",
  };
  // `kubectl version`, `/version` and a node's nodeInfo read it from these.
  const packages = ["k8s.io/component-base/version", "k8s.io/client-go/pkg/version"];
  return Object.fromEntries(
    packages.flatMap((name) =>
      Object.entries(facts).map(([key, value]) => [`${name}.${key}`, value])
    ),
  );
}

/** Builds one program to a file. */
export async function buildGoProgram(program: GoProgram, output: string): Promise<void> {
  const { source, package: path = ".", tags = [], variables = {} } = program;
  const settings = Object.entries(variables).map(([name, value]) => `-X ${name}=${value}`);
  await runGo(source, [
    "build",
    "-trimpath",
    "-buildvcs=false",
    ...(tags.length > 0 ? [`-tags=${tags.join(",")}`] : []),
    `-ldflags=${["-s -w", ...settings].join(" ")}`,
    `-o=${output}`,
    path,
  ]);
}

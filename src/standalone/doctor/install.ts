import { CommandError, runCommand } from "../../node/run_command.ts";

/** A slow mirror, and half a gigabyte of QEMU. */
const APT_TIMEOUT_MS = 20 * 60_000;

export interface InstallOptions {
  /** Told before each step. */
  say: (line: string) => void;
  signal: AbortSignal;
}

/** Installs Debian packages. An error says what apt-get said. */
export async function installPackages(
  packages: readonly string[],
  { say, signal }: InstallOptions,
): Promise<void> {
  const environment = "DEBIAN_FRONTEND=noninteractive";
  const apt = async (args: readonly string[]) => {
    say(`apt-get ${args.join(" ")}`);
    const command = ["env", environment, "apt-get", "-qq", ...args];
    await runCommand(command, { timeoutMs: APT_TIMEOUT_MS, signal });
  };
  try {
    await apt(["update"]);
  } catch (error) {
    if (!(error instanceof CommandError)) throw error;
    say("the lists of packages could not be renewed: going on with those that are there");
  }
  await apt(["install", "--yes", "--no-install-recommends", ...packages]);
}

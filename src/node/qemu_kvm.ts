import { CommandError, runCommand } from "./run_command.ts";

/** A machine that does not run: it is made, with the processor that guests have, and quit. */
const TRY =
  "echo quit | qemu-system-x86_64 -nodefaults -no-user-config -display none -S -m 16 -machine q35 " +
  "-accel kvm -cpu host -monitor stdio";
const TRY_TIMEOUT_MS = 20_000;

/**
 * Why QEMU cannot make a machine with KVM; `undefined`: it can. KVM may answer all that is asked of it and still not be enough:
 * within other machines it lacks what QEMU sets.
 */
export async function whyQemuCannotUseKvm(signal?: AbortSignal): Promise<string | undefined> {
  try {
    await runCommand(["sh", "-c", TRY], { timeoutMs: TRY_TIMEOUT_MS, signal });
    return undefined;
  } catch (error) {
    signal?.throwIfAborted();
    if (!(error instanceof CommandError)) throw error;
    const said = /qemu-system-x86_64: (?:error: )?(.*)/.exec(error.message)?.[1];
    return `QEMU cannot use it: ${said ?? error.message}`;
  }
}

import { NativeError, type NativeLibrary } from "../hypervisor/native/native.ts";
import { STATUS } from "../hypervisor/native/symbols.ts";
import type { PodFiles } from "./virtual_machine_instance/launch.ts";

/** Files of containers, read by the native shim beneath the root of one of their processes. */
export class NativePodFiles implements PodFiles {
  readonly #native: NativeLibrary;

  constructor(native: NativeLibrary) {
    this.#native = native;
  }

  async read(
    pid: number,
    path: string,
    { bytesMax, signal }: { bytesMax: number; signal: AbortSignal },
  ): Promise<Uint8Array | undefined> {
    signal.throwIfAborted();
    try {
      return await this.#native.readBeneath(pid, path, bytesMax);
    } catch (error) {
      if (error instanceof NativeError && error.status === STATUS.absent) return undefined;
      throw error;
    }
  }
}

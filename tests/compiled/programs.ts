import { compilePrograms, type Programs } from "../../deploy/binaries/compile_programs.ts";
import type { CompileRuntime } from "../toolchain/build_compile_runtime.ts";

/** Not below /tmp: a test covers it. */
const DIRECTORY = "/var/tmp";

/** The compiled programs in a directory of their own, which goes with this object. */
export class CompiledPrograms implements Disposable {
  readonly directory: string;
  readonly programs: Programs;

  private constructor(directory: string, programs: Programs) {
    this.directory = directory;
    this.programs = programs;
  }

  static async make(
    { nativeDirectory, runtime }: { nativeDirectory: string; runtime: CompileRuntime },
  ): Promise<CompiledPrograms> {
    const directory = await Deno.makeTempDir({ dir: DIRECTORY, prefix: "denovirt-programs-" });
    try {
      const programs = await compilePrograms({ directory, nativeDirectory, runtime });
      return new CompiledPrograms(directory, programs);
    } catch (cause) {
      await Deno.remove(directory, { recursive: true });
      throw cause;
    }
  }

  [Symbol.dispose](): void {
    Deno.removeSync(this.directory, { recursive: true });
  }
}

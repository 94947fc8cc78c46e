import { createHash } from "node:crypto";
import { walkSync } from "./walk.ts";

/** What a build depends on: files and directories by path, and anything else as text. */
export interface HashInputs {
  /** Files and directories; a directory stands for all files below it. Names count relative to the given path. */
  paths?: readonly string[];
  /** Versions, flags, commands. */
  texts?: readonly string[];
}

/** The first 16 hex digits of SHA-256 over names and contents, in a fixed order. */
export function contentHash(inputs: HashInputs): string {
  const hash = createHash("sha256");
  for (const text of inputs.texts ?? []) hash.update(`text\0${text}\0`);
  for (const path of inputs.paths ?? []) {
    for (const file of walkSync(path)) {
      hash.update(`file\0${file.slice(path.length)}\0`);
      hash.update(Deno.readFileSync(file));
    }
  }
  return hash.digest("hex").slice(0, 16);
}

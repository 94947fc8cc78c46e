import type { ApiServer } from "../cluster/api_server.ts";
import { GuestConsole } from "../cluster/guest_console.ts";
import { quote } from "./stages.ts";

/** The guest of `deploy/samples/vm_kernel.yaml`. */
export const GUEST = { namespace: "default", name: "kernel" };
/** Software emulation on two busy cores; an idle machine needs a tenth of it. */
export const SLOW_MS = 180_000;
export const PROMPT = /[\w-]+:\/# /;
/** What is typed there. Longer lines would be wrapped by the guest's shell. */
export const COMMAND = 'echo "I am $(hostname), $(uname -sr)"';

/** The guest's own words: what it answers to a typed command. */
export async function askGuest(api: ApiServer): Promise<string> {
  await using terminal = await GuestConsole.open(api, GUEST);
  quote(await terminal.prompt(PROMPT, SLOW_MS));
  terminal.type(`${COMMAND}\n`);
  const said = await terminal.expect(/\nI am [^\n]+\n/, SLOW_MS);
  quote(said);
  return /\n(I am [^\r\n]+)/.exec(said)?.[1] ?? "";
}

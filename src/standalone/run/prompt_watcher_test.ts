import assert from "node:assert/strict";
import { PROMPT_DEFAULT } from "../../node/config.ts";
import { PromptWatcher } from "./prompt_watcher.ts";

const CASES: [name: string, chunks: string[], isAtPrompt: boolean][] = [
  ["nothing", [], false],
  ["a shell's prompt", ["\r\nguest:/# "], true],
  ["a prompt in pieces", ["\r\ngue", "st:~", "$ "], true],
  ["a prompt and a question for the cursor", ["\r\nguest:/# \x1b[6n"], true],
  ["a coloured prompt with a title", ["\x1b]0;guest\x07\x1b[01;32mguest\x1b[0m:~$ "], true],
  ["who asks for a name", ["Debian 12 ttyS0\r\n\r\nguest login: "], true],
  ["who asks for a password", ["Password: "], true],
  ["a boot loader that counts", ["\rBooting in 3 s"], false],
  ["a prompt that was answered", ["guest:/# echo 1\r\n1\r\n"], false],
  ["output that goes on", ["guest:/# ", "ls\r\n"], false],
  ["what is written over", ["guest:/# \rworking"], false],
];

for (const [name, chunks, expected] of CASES) {
  Deno.test(`PromptWatcher.isAtPrompt is ${expected} after ${name}`, () => {
    const watcher = new PromptWatcher(new RegExp(PROMPT_DEFAULT));
    for (const chunk of chunks) watcher.see(chunk);
    assert.equal(watcher.isAtPrompt, expected);
  });
}

Deno.test("PromptWatcher.clear() forgets a prompt until there is the next one", () => {
  const watcher = new PromptWatcher(/# $/);
  watcher.see("guest:/# ");
  watcher.clear();
  assert.equal(watcher.isAtPrompt, false);
  watcher.see("ls\r\nguest:/# ");
  assert.equal(watcher.isAtPrompt, true);
});

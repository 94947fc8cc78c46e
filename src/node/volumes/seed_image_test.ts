import assert from "node:assert/strict";
import { runCommand } from "../run_command.ts";
import { SEED_BYTES_MAX, writeSeedImage } from "./seed_image.ts";

const TIMEOUT_MS = 20_000;
const encoder = new TextEncoder();

Deno.test("writeSeedImage() makes an image that reads back, again and again", async () => {
  const directory = await Deno.makeTempDir();
  try {
    const path = `${directory}/seeds/a.iso`;
    for (const text of ["#cloud-config\n", "#!/bin/sh\n"]) {
      const files = new Map([
        ["user-data", encoder.encode(text)],
        ["openstack/latest/user_data", encoder.encode("deep")],
      ]);
      await writeSeedImage({ label: "cidata", files }, { path });
      assert.equal(await extract(path, "/user-data"), text);
      assert.equal(await extract(path, "/openstack/latest/user_data"), "deep");
    }
    const { stdout } = await runCommand(["isoinfo", "-d", "-i", path], { timeoutMs: TIMEOUT_MS });
    assert.match(stdout, /^Volume id: cidata$/m);
    assert.equal((await Deno.stat(path)).mode! & 0o777, 0o600);
    // Nothing of the work is left beside the image.
    assert.deepEqual([...Deno.readDirSync(`${directory}/seeds`)].map(({ name }) => name), [
      "a.iso",
    ]);
  } finally {
    await Deno.remove(directory, { recursive: true });
  }
});

Deno.test("writeSeedImage() refuses more than any object of the cluster can hold", async () => {
  const files = new Map([["user-data", new Uint8Array(SEED_BYTES_MAX + 1)]]);
  await assert.rejects(
    writeSeedImage({ label: "cidata", files }, { path: "/nonexistent/a.iso" }),
    /at most 4194304 bytes: got 4194305/,
  );
});

/** One file of the image, by its Rock Ridge name. */
async function extract(image: string, path: string): Promise<string> {
  const command = ["isoinfo", "-R", "-x", path, "-i", image];
  return (await runCommand(command, { timeoutMs: TIMEOUT_MS })).stdout;
}

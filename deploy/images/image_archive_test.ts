import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { type Image, writeImageArchive } from "./image_archive.ts";

const IMAGE: Image = {
  name: "denovirt.local/test:dev",
  entrypoint: ["/bin/program"],
  user: "107:107",
  entries: [
    { kind: "file", path: "/bin/program", source: new TextEncoder().encode("#!/bin/sh\n") },
    { kind: "file", path: "/etc/long/er", source: new Uint8Array(3_000_000).fill(7), mode: 0o600 },
    { kind: "link", path: "/bin/other", target: "program" },
  ],
};

async function inDirectory(work: (directory: string) => Promise<void>): Promise<void> {
  const directory = await Deno.makeTempDir();
  try {
    await work(directory);
  } finally {
    await Deno.remove(directory, { recursive: true });
  }
}

async function untar(archive: string, member: string): Promise<Uint8Array> {
  const { success, stdout } = await new Deno.Command("tar", { args: ["xOf", archive, member] })
    .output();
  assert.ok(success);
  return stdout;
}

Deno.test("writeImageArchive() writes the same bytes for the same image", async () => {
  await inDirectory(async (directory) => {
    await writeImageArchive(`${directory}/a.tar`, IMAGE);
    await writeImageArchive(`${directory}/b.tar`, {
      ...IMAGE,
      entries: IMAGE.entries.toReversed(),
    });
    assert.deepEqual(
      await Deno.readFile(`${directory}/a.tar`),
      await Deno.readFile(`${directory}/b.tar`),
    );
    assert.deepEqual([...Deno.readDirSync(directory)].length, 2);
  });
});

Deno.test("writeImageArchive() names the layer by its digest, which the configuration repeats", async () => {
  await inDirectory(async (directory) => {
    const archive = `${directory}/image.tar`;
    await writeImageArchive(archive, IMAGE);
    const text = async (member: string) => new TextDecoder().decode(await untar(archive, member));
    const [manifest] = JSON.parse(await text("manifest.json"));
    assert.deepEqual(manifest.RepoTags, [IMAGE.name]);
    const layer = await untar(archive, manifest.Layers[0]);
    const digest = createHash("sha256").update(layer).digest("hex");
    const config = JSON.parse(await text(manifest.Config));
    assert.deepEqual(config.rootfs.diff_ids, [`sha256:${digest}`]);
    assert.deepEqual(config.config.Entrypoint, IMAGE.entrypoint);
    assert.equal(config.config.User, "107:107");
  });
});

Deno.test("writeImageArchive() adds parents and keeps modes, links and contents", async () => {
  await inDirectory(async (directory) => {
    const archive = `${directory}/image.tar`;
    await writeImageArchive(archive, IMAGE);
    const manifest = JSON.parse(new TextDecoder().decode(await untar(archive, "manifest.json")));
    await Deno.writeFile(`${directory}/layer.tar`, await untar(archive, manifest[0].Layers[0]));
    await Deno.mkdir(`${directory}/root`);
    const args = ["xpf", `${directory}/layer.tar`, "-C", `${directory}/root`];
    assert.ok((await new Deno.Command("tar", { args }).output()).success);
    assert.equal(await Deno.readLink(`${directory}/root/bin/other`), "program");
    assert.equal((Deno.statSync(`${directory}/root/bin/program`).mode ?? 0) & 0o777, 0o755);
    assert.equal((Deno.statSync(`${directory}/root/etc/long/er`).mode ?? 0) & 0o777, 0o600);
    assert.equal((Deno.statSync(`${directory}/root/etc/long`).mode ?? 0) & 0o777, 0o755);
    assert.equal((Deno.statSync(`${directory}/root/tmp`).mode ?? 0) & 0o7777, 0o1777);
    const content = await Deno.readFile(`${directory}/root/etc/long/er`);
    assert.equal(content.length, 3_000_000);
    assert.ok(content.every((byte) => byte === 7));
  });
});

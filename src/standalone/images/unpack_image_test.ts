import assert from "node:assert/strict";
import { readImageLayout } from "./image_layout.ts";
import { BadImageError } from "./image_tree.ts";
import { imageBlobs, type ImageBlobsOptions, type LayerEntry } from "./testing/image_blobs.ts";
import { unpackImage } from "./unpack_image.ts";

const ignore = Deno.uid() !== 0;
const BYTES_MAX = 1 << 20;

/** Layers, and what is then to be seen below the root: content of files, "-> target" of links, "" of directories. */
const ROWS: [criterion: string, layers: LayerEntry[][], expected: Record<string, string>][] = [
  ["files and directories", [[
    { name: "disk/", type: "directory", mode: 0o755 },
    { name: "disk/a.img", content: "a" },
    { name: "./b/c/d", content: "d" },
  ]], { "disk": "", "disk/a.img": "a", "b": "", "b/c": "", "b/c/d": "d" }],
  ["a whiteout", [
    [{ name: "a", content: "1" }, { name: "d/x", content: "2" }],
    [{ name: ".wh.a" }, { name: ".wh.d" }],
  ], {}],
  ["an opaque directory, which keeps what its own layer has put there before", [
    [{ name: "d/old", content: "1" }],
    [{ name: "d/new", content: "2" }, { name: "d/.wh..wh..opq" }],
  ], { "d": "", "d/new": "2" }],
  ["a file that a later layer replaces", [
    [{ name: "a/b", content: "1" }],
    [{ name: "a", content: "2" }],
  ], { "a": "2" }],
  ["a hard link", [[
    { name: "a", content: "1" },
    { name: "b", type: "link", linkname: "a" },
  ]], { "a": "1", "b": "1" }],
  ["a path over a link of a lower layer", [
    [{ name: "run/", type: "directory" }, { name: "var/run", type: "symlink", linkname: "/run" }],
    [{ name: "var/run/x", content: "1" }],
  ], { "run": "", "run/x": "1", "var": "", "var/run": "-> /run" }],
  ["a link that leads above the root", [
    [{ name: "up", type: "symlink", linkname: "../../../../../../escaped" }],
    [{ name: "up/x", content: "1" }],
  ], { "up": "-> ../../../../../../escaped", "escaped": "", "escaped/x": "1" }],
  ["an absolute link to the node's own files", [
    [{ name: "etc", type: "symlink", linkname: "/etc" }],
    // The link leads to itself, as it would for a process in the root.
    [{ name: "other", type: "symlink", linkname: "/var/escaped" }],
    [{ name: "other/x", content: "1" }],
  ], {
    "etc": "-> /etc",
    "other": "-> /var/escaped",
    "var": "",
    "var/escaped": "",
    "var/escaped/x": "1",
  }],
  ["devices and FIFOs, which are left out", [[
    { name: "null", type: "character-device" },
    { name: "fifo", type: "fifo" },
    { name: "a", content: "1" },
  ]], { "a": "1" }],
];

for (const [criterion, layers, expected] of ROWS) {
  Deno.test({
    name: `unpackImage() of ${criterion}`,
    ignore,
    async fn() {
      await using image = await Unpacked.make(layers);
      await image.unpack();
      assert.deepEqual(await treeOf(image.root), expected);
    },
  });
}

const REFUSED: [criterion: string, LayerEntry[][], RegExp, ImageBlobsOptions?][] = [
  ["a step back", [[{ name: "../x", content: "1" }]], /name/],
  ["a hard link to what is not in the image", [[
    { name: "a", type: "link", linkname: "etc/passwd" },
  ]], /no file/],
  ["a hard link over a link", [[
    { name: "l", type: "symlink", linkname: "/etc/passwd" },
    { name: "a", type: "link", linkname: "l" },
  ]], /no file/],
  ["links in a circle", [[
    { name: "a", type: "symlink", linkname: "b" },
    { name: "b", type: "symlink", linkname: "a" },
    { name: "a/x", content: "1" },
  ]], /links/],
  ["more bytes than allowed", [[{ name: "a", content: new Uint8Array(BYTES_MAX + 1) }]], /bytes/],
  ["more files than allowed", [
    Array.from({ length: 20 }, (_, index) => ({ name: `f${index}` })),
  ], /files/],
  ["another content than its config says", [[{ name: "a" }]], /content must be/, {
    diffIds: [`sha256:${"0".repeat(64)}`],
  }],
];

for (const [criterion, layers, message, options] of REFUSED) {
  Deno.test({
    name: `unpackImage() refuses ${criterion}`,
    ignore,
    async fn() {
      await using image = await Unpacked.make(layers, options);
      await assert.rejects(image.unpack({ entriesMax: 10 }), (error) => {
        assert.ok(error instanceof BadImageError, Deno.inspect(error));
        assert.match(error.message, message);
        return true;
      });
    },
  });
}

Deno.test({
  name: "unpackImage() refuses a blob that was changed on the way",
  ignore,
  async fn() {
    await using image = await Unpacked.make([[{ name: "a", content: "1" }]]);
    for await (const { name } of Deno.readDir(image.blobs)) {
      const bytes = await Deno.readFile(`${image.blobs}/${name}`);
      if (bytes[0] !== 0x1f) continue;
      await Deno.writeFile(`${image.blobs}/${name}`, new Uint8Array([...bytes, 0]));
    }
    await assert.rejects(image.unpack(), BadImageError);
  },
});

Deno.test({
  name: "unpackImage() leaves zeros out and keeps the length",
  ignore,
  async fn() {
    const content = new Uint8Array(900_000);
    content[500_000] = 1;
    await using image = await Unpacked.make([[{ name: "disk.img", content }]]);
    await image.unpack();
    const { size, blocks } = await Deno.stat(`${image.root}/disk.img`);
    assert.equal(size, content.length);
    assert.ok((blocks ?? 0) * 512 <= 64 * 1024, `${blocks}`);
    assert.deepEqual(await Deno.readFile(`${image.root}/disk.img`), content);
  },
});

Deno.test({
  name: "unpackImage() keeps owners, and modes but set-user-id",
  ignore,
  async fn() {
    await using image = await Unpacked.make([[{ name: "a", mode: 0o4751, uid: 107, gid: 108 }]]);
    await image.unpack();
    const { mode, uid, gid } = await Deno.stat(`${image.root}/a`);
    assert.deepEqual([(mode ?? 0) & 0o7777, uid, gid], [0o751, 107, 108]);
  },
});

class Unpacked implements AsyncDisposable {
  private constructor(readonly directory: string) {}

  get root(): string {
    return `${this.directory}/root`;
  }

  get blobs(): string {
    return `${this.directory}/blobs`;
  }

  static async make(layers: LayerEntry[][], options?: ImageBlobsOptions): Promise<Unpacked> {
    const image = new Unpacked(await Deno.makeTempDir());
    await Deno.mkdir(image.blobs);
    await Deno.mkdir(image.root);
    const { manifest, blobs } = await imageBlobs(layers, options);
    await Deno.writeFile(`${image.blobs}/manifest.json`, manifest);
    for (const [digest, blob] of blobs) {
      await Deno.writeFile(`${image.blobs}/${digest.slice("sha256:".length)}`, blob);
    }
    return image;
  }

  async unpack(options: { entriesMax?: number } = {}): Promise<void> {
    await unpackImage(await readImageLayout(this.blobs), {
      directory: this.root,
      bytesMax: BYTES_MAX,
      signal: AbortSignal.timeout(30_000),
      ...options,
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Deno.remove(this.directory, { recursive: true });
  }
}

async function treeOf(root: string, below = ""): Promise<Record<string, string>> {
  const tree: Record<string, string> = {};
  for await (const { name, isDirectory, isSymlink } of Deno.readDir(`${root}/${below}`)) {
    const path = below === "" ? name : `${below}/${name}`;
    if (isSymlink) tree[path] = `-> ${await Deno.readLink(`${root}/${path}`)}`;
    else if (isDirectory) Object.assign(tree, { [path]: "" }, await treeOf(root, path));
    else tree[path] = await Deno.readTextFile(`${root}/${path}`);
  }
  return tree;
}

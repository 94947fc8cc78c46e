import assert from "node:assert/strict";
import { FetchError } from "./fetch_image.ts";
import { ImageArchives } from "./image_archives.ts";
import { parseImageReference } from "./image_reference.ts";
import { ImageStore, type PullPolicy, type StoredImage } from "./image_store.ts";
import { imageBlobs, type LayerEntry } from "./testing/image_blobs.ts";
import { LoopbackRegistry } from "./testing/loopback_registry.ts";
import { writeImageArchive } from "../../../deploy/images/image_archive.ts";

const hasSkopeo = await new Deno.Command("skopeo", { args: ["--version"], stdout: "null" })
  .output().then(({ success }) => success, () => false);
const ignore = Deno.uid() !== 0 || !hasSkopeo;
const BYTES_MAX = 1 << 20;

/** Names differ, or two tests would have one registry's image for another's. */
class Bed implements AsyncDisposable {
  readonly registry = new LoopbackRegistry();
  readonly inUse = new Set<string>();
  /** Called whenever the store asks what is in use. */
  beforeLook: () => void = () => {};
  private constructor(readonly directory: string) {}

  static async make(): Promise<Bed> {
    const bed = new Bed(await Deno.makeTempDir());
    await Deno.mkdir(bed.archives);
    return bed;
  }

  get archives(): string {
    return `${this.directory}/archives`;
  }

  async store(bytesMax = BYTES_MAX): Promise<ImageStore> {
    return await ImageStore.open({
      directory: `${this.directory}/images`,
      archives: new ImageArchives([this.archives, `${this.directory}/nothing`]),
      bytesMax,
      inUse: () => {
        this.beforeLook();
        return this.inUse;
      },
    });
  }

  async publish(name: string, entries: LayerEntry[]): Promise<string> {
    const image = await imageBlobs([entries]);
    this.registry.put(name, "1", image);
    return image.digest;
  }

  async pull(store: ImageStore, name: string, policy: PullPolicy = "IfNotPresent") {
    const reference = parseImageReference(name);
    assert.ok(reference);
    return await store.pull(reference, { policy, signal: AbortSignal.timeout(60_000) });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.registry[Symbol.asyncDispose]();
    await Deno.remove(this.directory, { recursive: true });
  }
}

Deno.test({
  name: "ImageStore.pull() brings an image from a registry once",
  ignore,
  async fn() {
    await using bed = await Bed.make();
    const digest = await bed.publish("a/disk", [{ name: "disk/x.img", content: "x" }]);
    const store = await bed.store();
    const name = `${bed.registry.host}/a/disk:1`;
    const image = await bed.pull(store, name);
    assert.equal(image.digest, digest);
    assert.equal(await Deno.readTextFile(`${image.root}/disk/x.img`), "x");
    const asked = bed.registry.requests.length;
    // A store that is opened anew knows it too.
    assert.deepEqual(await bed.pull(await bed.store(), name), image);
    assert.deepEqual(
      await bed.pull(store, `${bed.registry.host}/a/disk@${digest}`, "Always"),
      image,
    );
    assert.equal(bed.registry.requests.length, asked);
  },
});

Deno.test({
  name: "ImageStore.pull() with Always brings what has changed under a name",
  ignore,
  async fn() {
    await using bed = await Bed.make();
    const name = `${bed.registry.host}/b/disk:1`;
    await bed.publish("b/disk", [{ name: "disk/x.img", content: "old" }]);
    const store = await bed.store();
    await bed.pull(store, name, "Always");
    await bed.pull(store, name, "Always");
    const blobs = bed.registry.requests.filter((line) => line.includes("/blobs/"));
    const digest = await bed.publish("b/disk", [{ name: "disk/x.img", content: "new" }]);
    const image = await bed.pull(store, name, "Always");
    assert.equal(image.digest, digest);
    assert.equal(await Deno.readTextFile(`${image.root}/disk/x.img`), "new");
    assert.equal(new Set(blobs).size, blobs.length, "a blob was brought twice");
  },
});

Deno.test({
  name: "ImageStore.pull() says why an image does not come, and leaves nothing",
  ignore,
  async fn() {
    await using bed = await Bed.make();
    const store = await bed.store();
    const missing = `${bed.registry.host}/c/disk:1`;
    await assert.rejects(bed.pull(store, missing), (error) => {
      assert.ok(error instanceof FetchError);
      assert.match(error.message, /unknown/);
      return true;
    });
    await assert.rejects(bed.pull(store, missing, "Never"), /not on this machine/);
    const noise = crypto.getRandomValues(new Uint8Array(50_000));
    await bed.publish("c/disk", [{ name: "disk/x.img", content: noise }]);
    await assert.rejects(bed.pull(await bed.store(10_000), missing), /larger than 10000 bytes/);
    assert.deepEqual(await Array.fromAsync(Deno.readDir(`${bed.directory}/images`)), []);
  },
});

Deno.test({
  name: "ImageStore.pull() finds an image in an archive, without asking a registry",
  ignore,
  async fn() {
    await using bed = await Bed.make();
    const source = new TextEncoder().encode("kernel");
    await writeImageArchive(`${bed.archives}/guest.tar`, {
      name: "denovirt.local/guest:dev",
      entries: [{ kind: "file", path: "/boot/vmlinuz", source }],
    });
    await Deno.writeTextFile(`${bed.archives}/other.tar`, "not an archive");
    const image = await bed.pull(await bed.store(), "denovirt.local/guest:dev", "Always");
    assert.equal(await Deno.readTextFile(`${image.root}/boot/vmlinuz`), "kernel");
  },
});

Deno.test({
  name: "ImageStore.pull() makes room by what was not used for longest and by nobody",
  ignore,
  async fn() {
    await using bed = await Bed.make();
    const store = await bed.store(150_000);
    const noise = () => crypto.getRandomValues(new Uint8Array(50_000));
    const names = ["d/used", "d/old", "d/middle", "d/new"];
    const digests: string[] = [];
    for (const name of names) {
      const digest = await bed.publish(name, [{ name: "disk/x.img", content: noise() }]);
      digests.push(digest);
      if (name === "d/used") bed.inUse.add(digest);
      await bed.pull(store, `${bed.registry.host}/${name}:1`);
    }
    const found = await Promise.all(names.map((name) => {
      return store.find(parseImageReference(`${bed.registry.host}/${name}:1`)!);
    }));
    assert.deepEqual(
      found.map((image) => image?.digest),
      [digests[0], undefined, undefined, digests[3]],
    );
  },
});

Deno.test({
  name: "ImageStore.pull() brings one image by several names at the same time",
  ignore,
  async fn() {
    await using bed = await Bed.make();
    const store = await bed.store(1 << 30);
    // Unpacking takes long enough for each to find that nobody else has brought it.
    const entries = [{
      name: "disk/x.img",
      content: crypto.getRandomValues(new Uint8Array(65_536)),
    }];
    for (let part = 0; part < 400; part++) {
      entries.push({ ...entries[0]!, name: `disk/${part}.img` });
    }
    const image = await imageBlobs([entries]);
    const names = ["e/one", "e/two", "e/three"];
    for (const name of names) bed.registry.put(name, "1", image);
    const named = names.map((name) => `${bed.registry.host}/${name}:1`);
    const images = await Promise.all(named.map((name) => bed.pull(store, name)));
    for (const { digest, root } of images) {
      assert.equal(digest, image.digest);
      assert.equal((await Deno.stat(`${root}/disk/399.img`)).size, 65_536);
    }
    const anew = await bed.store();
    const found = await Promise.all(named.map((name) => anew.find(parseImageReference(name)!)));
    assert.deepEqual(found, images);
  },
});

Deno.test({
  name: "ImageStore.pull() takes no image away that another pull is asked for meanwhile",
  ignore,
  async fn() {
    await using bed = await Bed.make();
    const store = await bed.store(60_000);
    const [old = "", fresh = ""] = ["f/old", "f/fresh"].map((name) =>
      `${bed.registry.host}/${name}:1`
    );
    for (const name of ["f/old", "f/fresh"]) {
      const content = crypto.getRandomValues(new Uint8Array(50_000));
      await bed.publish(name, [{ name: "disk/x.img", content }]);
    }
    await bed.pull(store, old);
    let again: Promise<StoredImage> | undefined;
    bed.beforeLook = () => again ??= bed.pull(store, old);
    await bed.pull(store, fresh);
    const { root } = await again!;
    assert.equal((await Deno.stat(`${root}/disk/x.img`)).size, 50_000);
  },
});

Deno.test({
  name: "ImageStore.open() removes an image that a killed process has half removed",
  ignore,
  async fn() {
    await using bed = await Bed.make();
    await bed.publish("g/disk", [{ name: "disk/x.img", content: "x" }]);
    const name = `${bed.registry.host}/g/disk:1`;
    const { root } = await bed.pull(await bed.store(), name);
    await Deno.remove(root.replace(/root$/, "image.json"));
    assert.deepEqual(await bed.pull(await bed.store(), name), { digest: digestOfRoot(root), root });
    assert.equal(await Deno.readTextFile(`${root}/disk/x.img`), "x");
  },
});

function digestOfRoot(root: string): string {
  return `sha256:${root.split("/").at(-2)}`;
}

Deno.test({
  name: "ImageStore.pull() passes over an archive that goes while it is looked for",
  ignore,
  async fn() {
    await using bed = await Bed.make();
    await Deno.symlink(`${bed.archives}/gone`, `${bed.archives}/guest.tar`);
    await bed.publish("h/disk", [{ name: "disk/x.img", content: "x" }]);
    const { root } = await bed.pull(await bed.store(), `${bed.registry.host}/h/disk:1`);
    assert.equal(await Deno.readTextFile(`${root}/disk/x.img`), "x");
  },
});

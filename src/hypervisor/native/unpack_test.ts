import assert from "node:assert/strict";
import { UnpackedParts, type UnpackOptions } from "./unpack.ts";

const NAMES = ["denovirt-domain", "envelope", "libdenovirt.so"];

interface Bed {
  /** Nothing but what the tests unpack. */
  parent: string;
  outside: string;
  /** Embedded parts whose contents begin with `version`. */
  parts(version: string): Promise<UnpackOptions>;
}

function unpackTest(name: string, body: (bed: Bed) => Promise<void>): void {
  Deno.test(name, async () => {
    const work = await Deno.makeTempDir();
    const parent = `${work}/run`;
    try {
      await body({
        parent,
        outside: work,
        async parts(version) {
          const directory = `${work}/embedded-${version}`;
          await Deno.mkdir(directory, { recursive: true });
          for (const part of NAMES) {
            await Deno.writeTextFile(`${directory}/${part}`, `${version} of ${part}`);
          }
          return { embedded: new URL(`file://${directory}/`), parents: [parent] };
        },
      });
    } finally {
      await Deno.remove(work, { recursive: true });
    }
  });
}

function entries(directory: string): string[] {
  return [...Deno.readDirSync(directory)].map(({ name }) => name).sort();
}

async function assertRight(directory: string, version: string): Promise<void> {
  const found = await Deno.lstat(directory);
  assert.ok(found.isDirectory);
  assert.equal((found.mode ?? 0) & 0o7777, 0o700);
  assert.deepEqual(entries(directory), NAMES);
  for (const name of NAMES) {
    const { isFile, mode } = await Deno.lstat(`${directory}/${name}`);
    assert.ok(isFile);
    assert.equal((mode ?? 0) & 0o7777, 0o755);
    assert.equal(await Deno.readTextFile(`${directory}/${name}`), `${version} of ${name}`);
  }
}

unpackTest("unpack() makes a private directory named by its content", async ({ parent, parts }) => {
  using first = await UnpackedParts.unpack(await parts("one"));
  assert.match(first.directory, new RegExp(`^${parent}/bin-[0-9a-f]{16}$`));
  await assertRight(first.directory, "one");
  using second = await UnpackedParts.unpack(await parts("two"));
  assert.notEqual(second.directory, first.directory);
});

unpackTest("unpack() uses what is there and right", async ({ parts }) => {
  using first = await UnpackedParts.unpack(await parts("one"));
  const { ino } = await Deno.stat(`${first.directory}/libdenovirt.so`);
  using second = await UnpackedParts.unpack(await parts("one"));
  assert.equal(second.directory, first.directory);
  assert.equal((await Deno.stat(`${second.directory}/libdenovirt.so`)).ino, ino);
});

unpackTest("unpack() lets starts at the same time take turns", async ({ parent, parts }) => {
  const options = await parts("one");
  const all = await Promise.all(Array.from({ length: 8 }, () => UnpackedParts.unpack(options)));
  assert.equal(new Set(all.map(({ directory }) => directory)).size, 1);
  await assertRight(all[0]!.directory, "one");
  for (const each of all) each[Symbol.dispose]();
  assert.equal(entries(parent).filter((name) => name.startsWith("bin-")).length, 1);
  assert.deepEqual(entries(parent).filter((name) => name.includes("partial")), []);
});

const DAMAGES: [what: string, damage: (directory: string, bed: Bed) => Promise<void>][] = [
  ["a changed file", (directory) => Deno.writeTextFile(`${directory}/envelope`, "ONE of envelope")],
  ["a file of another length", (directory) => Deno.truncate(`${directory}/denovirt-domain`, 3)],
  ["a missing file", (directory) => Deno.remove(`${directory}/envelope`)],
  ["one file too many", (directory) => Deno.writeTextFile(`${directory}/libc.so.6`, "")],
  ["a directory that others enter", (directory) => Deno.chmod(directory, 0o755)],
  ["a file that others write", (directory) => Deno.chmod(`${directory}/envelope`, 0o777)],
  ["a file with a second name", (directory, { outside }) => {
    return Deno.link(`${directory}/envelope`, `${outside}/second-name`);
  }],
  ["a file that is a link", async (directory, { outside }) => {
    await Deno.rename(`${directory}/envelope`, `${outside}/moved`);
    await Deno.symlink(`${outside}/moved`, `${directory}/envelope`);
  }],
  ["a directory that is a link", async (directory, { outside }) => {
    await Deno.rename(directory, `${outside}/moved-directory`);
    await Deno.symlink(`${outside}/moved-directory`, directory);
  }],
  ["a plain file in its place", async (directory) => {
    await Deno.remove(directory, { recursive: true });
    await Deno.writeTextFile(directory, "in the way");
  }],
];

for (const [what, damage] of DAMAGES) {
  unpackTest(`unpack() replaces ${what}`, async (bed) => {
    const options = await bed.parts("one");
    using first = await UnpackedParts.unpack(options);
    await damage(first.directory, bed);
    const outside = entries(bed.outside);
    using second = await UnpackedParts.unpack(options);
    assert.equal(second.directory, first.directory);
    await assertRight(second.directory, "one");
    assert.deepEqual(entries(bed.outside), outside, "nothing else was touched");
    assert.deepEqual(entries(bed.parent).filter((name) => name.includes("partial")), []);
  });
}

unpackTest("unpack() removes earlier versions once nobody lives from them", async (bed) => {
  const first = await UnpackedParts.unpack(await bed.parts("one"));
  using second = await UnpackedParts.unpack(await bed.parts("two"));
  await assertRight(first.directory, "one");
  first[Symbol.dispose]();
  await Deno.copyFile("/usr/bin/sleep", `${first.directory}/denovirt-domain`);
  await Deno.mkdir(`${bed.parent}/.bin-partial-cut-short`);
  const guest = new Deno.Command(`${first.directory}/denovirt-domain`, { args: ["60"] }).spawn();
  using third = await UnpackedParts.unpack(await bed.parts("three"));
  assert.ok(entries(first.directory).includes("denovirt-domain"), "a guest runs from it");
  assert.deepEqual(entries(bed.parent).filter((name) => name.includes("partial")), []);
  guest.kill("SIGKILL");
  await guest.status;
  using again = await UnpackedParts.unpack(await bed.parts("three"));
  assert.equal(again.directory, third.directory);
  await assert.rejects(Deno.lstat(first.directory), Deno.errors.NotFound);
  await assertRight(second.directory, "two");
});

unpackTest("unpack() takes the first parent that is fit, and says what is wrong", async (bed) => {
  const options = await bed.parts("one");
  const open = `${bed.outside}/open`;
  await Deno.mkdir(open);
  await Deno.chmod(open, 0o777);
  const link = `${bed.outside}/link`;
  await Deno.symlink(bed.outside, link);
  const unfit = [open, link, "/proc/none"];
  using parts = await UnpackedParts.unpack({ ...options, parents: [...unfit, bed.parent] });
  assert.ok(parts.directory.startsWith(`${bed.parent}/`));
  await assert.rejects(
    UnpackedParts.unpack({ ...options, parents: unfit }),
    /Cannot unpack .*open can be written by others; .*link is no directory; \/proc\/none cannot/,
  );
});

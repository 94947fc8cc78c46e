import { createHash } from "node:crypto";
import { basename } from "node:path";
import {
  CONTROLLER_PERMISSIONS,
  NATIVE_PARTS,
  type Programs,
} from "../binaries/compile_programs.ts";
import { bundle } from "./bundle.ts";
import { type Image, writeImageArchive } from "./image_archive.ts";
import { sharedLibraries } from "./shared_libraries.ts";

const HERE = new URL(".", import.meta.url).pathname;
const SOURCES = new URL("../../src", import.meta.url).pathname;
/** Debian's busybox-static: the shell, cp and nsenter of the node image's entry. */
const BUSYBOX = "/usr/bin/busybox";
const RUN = ["run", "--quiet", "--no-config", "--no-lock", "--cached-only"];

export interface ProductImageOptions {
  /** Where the archives go. */
  directory: string;
  /** Holds libdenovirt.so, denovirt-domain and envelope. */
  nativeDirectory: string;
  /** To use instead of Deno and bundles of the sources. */
  programs?: Programs;
}

/** Writes envelope.tar, controller.tar and node.tar without a container daemon, and returns their paths. */
export async function writeProductImages(options: ProductImageOptions): Promise<string[]> {
  const work = await Deno.makeTempDir({ prefix: "denovirt-images-" });
  try {
    const { nativeDirectory, programs } = options;
    const images = [
      envelopeImage(nativeDirectory),
      ...programs === undefined
        ? [await bundledController(work), await bundledNode(nativeDirectory, work)]
        : [await compiledController(programs), await compiledNode(programs)],
    ];
    const paths: string[] = [];
    for (const image of images) {
      const path = `${options.directory}/${image.name.split(/[/:]/)[1]}.tar`;
      await writeImageArchive(path, image);
      paths.push(path);
    }
    return paths;
  } finally {
    await Deno.remove(work, { recursive: true });
  }
}

/** A static program and nothing else. */
function envelopeImage(nativeDirectory: string): Image {
  return {
    name: "denovirt.local/envelope:dev",
    entrypoint: ["/envelope"],
    user: "107:107",
    entries: [{ kind: "file", path: "/envelope", source: `${nativeDirectory}/envelope` }],
  };
}

/** A file of an image, and where it comes from. */
type Source = readonly [path: string, source: string, mode?: number];

async function bundledController(work: string): Promise<Image> {
  const files = await bundle(`${SOURCES}/controller.ts`, `${work}/controller`);
  const command = ["/bin/deno", ...RUN, ...CONTROLLER_PERMISSIONS, "/app/controller.js"];
  return await controllerImage(command, [
    ["/bin/deno", Deno.execPath()],
    ...files.map((path): Source => [`/app/${basename(path)}`, path, 0o644]),
  ]);
}

async function compiledController(programs: Programs): Promise<Image> {
  const path = "/bin/denovirt-controller";
  const command = [path, "run", ...refusals(programs)];
  return await controllerImage(command, [[path, programs.controller]]);
}

/** @param files the program first */
async function controllerImage(
  entrypoint: readonly string[],
  files: readonly Source[],
): Promise<Image> {
  const libraries = await sharedLibraries(files[0]?.[1] ?? "");
  return {
    name: "denovirt.local/controller:dev",
    entrypoint,
    environment: ["DENO_DIR=/tmp/deno", "DENO_NO_UPDATE_CHECK=1"],
    user: "1001:1001",
    entries: [
      ...files.map((
        [path, source, mode = 0o755],
      ) => ({ kind: "file", path, source, mode } as const)),
      ...libraries.map((path) => ({ kind: "file", path, source: path } as const)),
    ],
  };
}

async function bundledNode(nativeDirectory: string, work: string): Promise<Image> {
  const files = await bundle(`${SOURCES}/node.ts`, `${work}/node`);
  return await nodeImage([], [
    ["deno", Deno.execPath()],
    ...files.map((path): Source => [basename(path), path]),
    ...NATIVE_PARTS.map((name): Source => [name, `${nativeDirectory}/${name}`]),
  ]);
}

async function compiledNode(programs: Programs): Promise<Image> {
  return await nodeImage(refusals(programs), [["denovirt-node", programs.node]]);
}

/** Programs of a runtime that cannot verify callers would not start without. */
function refusals({ complete }: Programs): string[] {
  return complete ? [] : ["--unverifiable-callers=refuse"];
}

/** The agent's payload and the means to put it on the host: see node_entry.sh. */
async function nodeImage(flags: readonly string[], payload: readonly Source[]): Promise<Image> {
  const hash = createHash("sha256");
  for (const [name, source] of payload) hash.update(name).update(await Deno.readFile(source));
  const applets = ["sh", "cat", "cp", "mv", "rm", "mktemp", "readlink"];
  return {
    name: "denovirt.local/node:dev",
    entrypoint: ["/entry", ...flags],
    entries: [
      { kind: "file", path: "/entry", source: `${HERE}/node_entry.sh` },
      { kind: "file", path: "/bin/busybox", source: BUSYBOX },
      ...applets.map((name) => (
        { kind: "link", path: `/bin/${name}`, target: "busybox" } as const
      )),
      ...payload.map(([name, source]) => (
        { kind: "file", path: `/payload/${name}`, source } as const
      )),
      {
        kind: "file",
        path: "/payload.hash",
        source: new TextEncoder().encode(hash.digest("hex").slice(0, 16)),
        mode: 0o644,
      },
    ],
  };
}

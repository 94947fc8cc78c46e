import { createHash } from "node:crypto";
import { bundle } from "./bundle.ts";
import { type Image, writeImageArchive } from "./image_archive.ts";
import { sharedLibraries } from "./shared_libraries.ts";

const HERE = new URL(".", import.meta.url).pathname;
const SOURCES = new URL("../../src", import.meta.url).pathname;
/** Debian's busybox-static: the shell, cp and nsenter of the node image's entry. */
const BUSYBOX = "/usr/bin/busybox";
/** In the directory of native parts. */
const NODE_NATIVES = ["libdenovirt.so", "denovirt-domain", "envelope"];
/** What the controller may do; it neither writes files nor starts programs. */
const CONTROLLER_PERMISSIONS = ["--allow-net", "--allow-env", "--allow-read", "--allow-sys"];
const RUN = ["run", "--quiet", "--no-config", "--no-lock", "--cached-only"];

export interface ProductImageOptions {
  /** Where the archives go. */
  directory: string;
  /** Holds libdenovirt.so, denovirt-domain and envelope. */
  nativeDirectory: string;
}

/** Writes envelope.tar, controller.tar and node.tar without a container daemon, and returns their paths. */
export async function writeProductImages(options: ProductImageOptions): Promise<string[]> {
  const work = await Deno.makeTempDir({ prefix: "denovirt-images-" });
  try {
    const images = [
      envelopeImage(options.nativeDirectory),
      await controllerImage(work),
      await nodeImage(options.nativeDirectory, work),
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

async function controllerImage(work: string): Promise<Image> {
  await bundle(`${SOURCES}/controller.ts`, `${work}/controller.js`);
  const deno = Deno.execPath();
  const libraries = await sharedLibraries(deno);
  return {
    name: "denovirt.local/controller:dev",
    entrypoint: ["/bin/deno", ...RUN, ...CONTROLLER_PERMISSIONS, "/app/controller.js"],
    environment: ["DENO_DIR=/tmp/deno", "DENO_NO_UPDATE_CHECK=1"],
    user: "1001:1001",
    entries: [
      { kind: "file", path: "/bin/deno", source: deno },
      { kind: "file", path: "/app/controller.js", source: `${work}/controller.js`, mode: 0o644 },
      ...libraries.map((path) => ({ kind: "file", path, source: path } as const)),
    ],
  };
}

/** The agent's payload and the means to put it on the host: see node_entry.sh. */
async function nodeImage(nativeDirectory: string, work: string): Promise<Image> {
  await bundle(`${SOURCES}/node.ts`, `${work}/node.js`);
  const payload: [name: string, source: string][] = [
    ["deno", Deno.execPath()],
    ["node.js", `${work}/node.js`],
    ...NODE_NATIVES.map((name): [string, string] => [name, `${nativeDirectory}/${name}`]),
  ];
  const hash = createHash("sha256");
  for (const [name, source] of payload) hash.update(name).update(await Deno.readFile(source));
  const applets = ["sh", "cat", "cp", "mv", "rm", "mktemp", "readlink"];
  return {
    name: "denovirt.local/node:dev",
    entrypoint: ["/entry"],
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

/**
 * The root file system of an image while it is unpacked. Everything in it was made here and nobody else can write to it, so
 * what lies where is known without asking the file system: a name that an image leads over its own links is followed in this
 * book, and what is opened, made or removed on disk are names whose parents are directories that were made here.
 */

/** As the kernel's. */
const LINKS_MAX = 40;
const NAME_BYTES_MAX = 255;
const PATH_BYTES_MAX = 4096;
/** Neither set-user-id nor set-group-id: nobody runs programs of an image. */
const MODE_MASK = 0o1777;

type Node =
  | { kind: "directory"; layer: number; children: Map<string, Node> }
  | { kind: "file"; layer: number }
  | { kind: "link"; layer: number; target: string };
type DirectoryNode = Extract<Node, { kind: "directory" }>;

export interface Attributes {
  mode: number;
  uid: number;
  gid: number;
}

export interface ImageTreeOptions {
  /** An empty directory that nobody else can write to. */
  directory: string;
  /** Names in it, at most. */
  entriesMax: number;
}

/** An image that cannot be unpacked, whoever tries. */
export class BadImageError extends Error {
  override name = "BadImageError";
}

interface Place {
  parent: DirectoryNode;
  /** Of the parent, from the top: names of directories. */
  path: readonly string[];
  name: string;
}

export class ImageTree {
  readonly #directory: string;
  readonly #entriesMax: number;
  readonly #root: DirectoryNode = { kind: "directory", layer: 0, children: new Map() };
  #layer = 0;
  #entries = 0;

  constructor({ directory, entriesMax }: ImageTreeOptions) {
    this.#directory = directory;
    this.#entriesMax = entriesMax;
  }

  /** What comes now lies over what is there. */
  beginLayer(): void {
    this.#layer++;
  }

  async makeDirectory(path: string, attributes: Attributes): Promise<void> {
    const parts = partsOf(path);
    if (parts.length === 0) return; // the root is ours
    const { parent, path: above, name } = await this.#place(parts);
    const old = parent.children.get(name);
    if (old?.kind === "directory") {
      old.layer = this.#layer;
    } else {
      await this.#clear(parent, above, name);
      this.#add(parent, name, { kind: "directory", layer: this.#layer, children: new Map() });
      await Deno.mkdir(this.#real([...above, name]));
    }
    await this.#dress([...above, name], attributes);
  }

  /** Answers the file, empty and open for writing: the caller closes it. */
  async makeFile(path: string, attributes: Attributes): Promise<Deno.FsFile> {
    const { parent, path: above, name } = await this.#place(partsOf(path));
    await this.#clear(parent, above, name);
    this.#add(parent, name, { kind: "file", layer: this.#layer });
    const file = await Deno.open(this.#real([...above, name]), { createNew: true, write: true });
    try {
      await this.#dress([...above, name], attributes);
      return file;
    } catch (error) {
      file.close();
      throw error;
    }
  }

  async makeSymbolicLink(path: string, target: string): Promise<void> {
    if (target === "" || target.includes("\0") || target.length > PATH_BYTES_MAX) {
      throw new BadImageError(`Cannot unpack ${path}: its link leads nowhere`);
    }
    const { parent, path: above, name } = await this.#place(partsOf(path));
    await this.#clear(parent, above, name);
    this.#add(parent, name, { kind: "link", layer: this.#layer, target });
    await Deno.symlink(target, this.#real([...above, name]));
  }

  /** A second name for a file that is there. */
  async makeHardLink(path: string, target: string): Promise<void> {
    const from = this.#find(partsOf(target));
    if (from?.node.kind !== "file") {
      throw new BadImageError(`Cannot unpack ${path}: it is a link to ${target}, which is no file`);
    }
    const { parent, path: above, name } = await this.#place(partsOf(path));
    if (parent.children.get(name) === from.node) return;
    await this.#clear(parent, above, name);
    this.#add(parent, name, from.node);
    await Deno.link(this.#real(from.path), this.#real([...above, name]));
  }

  /** A whiteout: the name goes, with all that is below it. */
  async remove(path: string): Promise<void> {
    const found = this.#find(partsOf(path));
    if (found === undefined || found.path.length === 0) return;
    const above = found.path.slice(0, -1);
    const parent = this.#find(above)?.node;
    if (parent?.kind === "directory") {
      await this.#clear(parent, above, found.path.at(-1) ?? "");
    }
  }

  /** An opaque directory: what lower layers have put into it goes. */
  async removeLower(path: string): Promise<void> {
    const found = this.#find(partsOf(path));
    if (found?.node.kind !== "directory") return;
    for (const [name, child] of [...found.node.children]) {
      if (child.layer < this.#layer) await this.#clear(found.node, found.path, name);
    }
  }

  /** Makes what is missing on the way, and follows links in the book. */
  async #place(parts: readonly string[]): Promise<Place> {
    const name = parts.at(-1);
    if (name === undefined) throw new BadImageError("Cannot unpack an entry without a name");
    const path: string[] = [];
    let parent = this.#root;
    let links = 0;
    const ahead = parts.slice(0, -1);
    while (ahead.length > 0) {
      const part = ahead.shift() ?? "";
      if (part === "..") {
        path.pop();
        parent = this.#directoryAt(path);
        continue;
      }
      const next = parent.children.get(part);
      if (next?.kind === "link") {
        if (++links > LINKS_MAX) throw new BadImageError(`Cannot unpack ${parts.join("/")}: links`);
        if (next.target.startsWith("/")) {
          path.length = 0;
          parent = this.#root;
        }
        ahead.unshift(...linkPartsOf(next.target));
        continue;
      }
      if (next?.kind === "directory") {
        parent = next;
      } else {
        await this.#clear(parent, path, part);
        const made: DirectoryNode = {
          kind: "directory",
          layer: this.#layer,
          children: new Map(),
        };
        this.#add(parent, part, made);
        await Deno.mkdir(this.#real([...path, part]), { mode: 0o755 });
        parent = made;
      }
      path.push(part);
    }
    return { parent, path, name };
  }

  #directoryAt(path: readonly string[]): DirectoryNode {
    let node: Node = this.#root;
    for (const part of path) {
      const next: Node | undefined = node.kind === "directory"
        ? node.children.get(part)
        : undefined;
      if (next === undefined) throw new BadImageError(`Cannot unpack below ${path.join("/")}`);
      node = next;
    }
    if (node.kind !== "directory") throw new BadImageError(`Cannot unpack below ${path.join("/")}`);
    return node;
  }

  /** Without following the last part. */
  #find(parts: readonly string[]): { node: Node; path: string[] } | undefined {
    const path: string[] = [];
    let node: Node = this.#root;
    let links = 0;
    const ahead = [...parts];
    while (ahead.length > 0) {
      const part = ahead.shift() ?? "";
      if (part === "..") {
        path.pop();
        node = this.#directoryAt(path);
        continue;
      }
      const next: Node | undefined = node.kind === "directory"
        ? node.children.get(part)
        : undefined;
      if (next === undefined) return undefined;
      if (next.kind === "link" && ahead.length > 0) {
        if (++links > LINKS_MAX) return undefined;
        if (next.target.startsWith("/")) {
          path.length = 0;
          node = this.#root;
        }
        ahead.unshift(...linkPartsOf(next.target));
        continue;
      }
      path.push(part);
      node = next;
    }
    return { node, path };
  }

  async #clear(parent: DirectoryNode, above: readonly string[], name: string): Promise<void> {
    const old = parent.children.get(name);
    if (old === undefined) return;
    parent.children.delete(name);
    this.#entries -= countOf(old);
    await Deno.remove(this.#real([...above, name]), { recursive: old.kind === "directory" });
  }

  #add(parent: DirectoryNode, name: string, node: Node): void {
    if (++this.#entries > this.#entriesMax) {
      throw new BadImageError(
        `Cannot unpack the image: it has more than ${this.#entriesMax} files`,
      );
    }
    parent.children.set(name, node);
  }

  #real(path: readonly string[]): string {
    return [this.#directory, ...path].join("/");
  }

  async #dress(path: readonly string[], { mode, uid, gid }: Attributes): Promise<void> {
    const real = this.#real(path);
    await Deno.chown(real, uid, gid);
    await Deno.chmod(real, mode & MODE_MASK);
  }
}

/** Of an entry's name: steps back and odd bytes are refused. */
function partsOf(path: string): string[] {
  const parts = path.split("/").filter((part) => part !== "" && part !== ".");
  const isOdd = (part: string) =>
    part === ".." || part.includes("\0") || new TextEncoder().encode(part).length > NAME_BYTES_MAX;
  if (path.length > PATH_BYTES_MAX || parts.some(isOdd)) {
    throw new BadImageError(`Cannot unpack an entry of that name: got ${JSON.stringify(path)}`);
  }
  return parts;
}

/** Of a link's target: steps back are followed, to the root at most. */
function linkPartsOf(target: string): string[] {
  return target.split("/").filter((part) => part !== "" && part !== ".");
}

function countOf(node: Node): number {
  if (node.kind !== "directory") return 1;
  return [...node.children.values()].reduce((sum, child) => sum + countOf(child), 1);
}

/**
 * One writer for each image, as the kernel sees it: of every guest that runs on a node, each image that it may write to is
 * locked by that guest, and by nobody else.
 *
 * `/proc/locks` knows every lock by the file it is on; which process holds it, `/proc/<pid>/fdinfo` tells.
 */

/** Where `ffi/domain/src/locks.rs` puts its lock. */
const OWNER_BYTE = 300;
/** QEMU's: a byte for each permission it uses, and for each that it does not share. */
const QEMU_BYTES = { first: 100, last: 299 };
const UID = /^[0-9a-f-]{36}$/;

export interface NodeFiles {
  /** Holds `vms/<uid>`, beneath `root`. */
  runDirectory: string;
  /** The node's root, as this process sees it. @default "" */
  root?: string;
}

/** What was looked at, so that a test can tell that it was anything. */
export interface LockedImage {
  uid: string;
  volume: string;
  shared: boolean;
  /** Device and inode, as the kernel writes them. */
  file: string;
}

interface Lock {
  kind: string;
  file: string;
  first: number;
}

interface DomainRecord {
  domain: { pid: number };
  vmm: { pid: number } | null;
  locks: { volume: string; path: string; shared: boolean }[];
}

/**
 * The images of all guests that run on a node.
 * @throws Error naming every image that is not locked as it must be.
 */
export function checkDiskLocks({ root = "", runDirectory }: NodeFiles): LockedImage[] {
  const images: LockedImage[] = [];
  const violations: string[] = [];
  const held = new Map<string, number>();
  for (const [uid, record] of runningDomains(`${root}${runDirectory}/vms`, root)) {
    const domain = locksOf(`${root}/proc/${record.domain.pid}`);
    const vmm = record.vmm === null ? [] : locksOf(`${root}/proc/${record.vmm.pid}`);
    for (const { lock } of [...domain, ...vmm]) {
      held.set(lock.file, (held.get(lock.file) ?? 0) + 1);
    }
    for (const { path, shared, volume } of record.locks) {
      const name = `volume ${volume} of domain ${uid}`;
      const own = domain.find(({ lock, target }) =>
        lock.first === OWNER_BYTE && target === `/run/denovirt/vm/${path}`
      );
      if (own === undefined) {
        violations.push(`${name}: its domain process has no lock on ${path}`);
        continue;
      }
      const { file, kind } = own.lock;
      if (kind !== (shared ? "READ" : "WRITE")) violations.push(`${name}: the lock is for ${kind}`);
      if (!vmm.some(({ lock }) => lock.file === file && isQemus(lock))) {
        violations.push(`${name}: QEMU has no lock on it`);
      }
      images.push({ uid, volume, shared, file });
    }
  }
  for (const image of images) {
    const owners = images.filter(({ file }) => file === image.file);
    if (owners.length > 1 && !owners.every(({ shared }) => shared)) {
      violations.push(
        `volume ${image.volume} of domain ${image.uid}: ${owners.length} domains write`,
      );
    }
  }
  for (const [file, count] of countByFile(`${root}/proc/locks`)) {
    const image = images.find((one) => one.file === file);
    if (image !== undefined && count > (held.get(file) ?? 0)) {
      violations.push(`volume ${image.volume} of domain ${image.uid}: a stranger has a lock on it`);
    }
  }
  if (violations.length > 0) throw new Error(`Images are not locked:\n${violations.join("\n")}`);
  return images;
}

function runningDomains(directory: string, root: string): [string, DomainRecord][] {
  return list(directory).filter((name) => UID.test(name)).flatMap((uid) => {
    const text = read(`${directory}/${uid}/record.json`);
    if (text === undefined || read(`${directory}/${uid}/final.json`) !== undefined) return [];
    const record = JSON.parse(text) as DomainRecord;
    const alive = record.vmm !== null && list(`${root}/proc/${record.vmm.pid}/fd`).length > 0;
    return alive ? [[uid, record]] : [];
  });
}

/** The locks of open files of a process, with the names of those files. */
function locksOf(proc: string): { lock: Lock; target: string }[] {
  return list(`${proc}/fdinfo`).flatMap((fd) => {
    const info = read(`${proc}/fdinfo/${fd}`) ?? "";
    const lines = info.split("\n").filter((line) => line.startsWith("lock:"));
    if (lines.length === 0) return [];
    const target = Deno.readLinkSync(`${proc}/fd/${fd}`);
    return lines.flatMap((line) => {
      const lock = parseLock(line.slice("lock:".length));
      return lock === undefined ? [] : [{ lock, target }];
    });
  });
}

function countByFile(path: string): Map<string, number> {
  const counts = new Map<string, number>();
  for (const line of (read(path) ?? "").split("\n")) {
    const lock = parseLock(line);
    if (lock !== undefined) counts.set(lock.file, (counts.get(lock.file) ?? 0) + 1);
  }
  return counts;
}

const LOCK = /^\s*\d+: OFDLCK\s+\S+\s+(READ|WRITE)\s+-?\d+\s+([0-9a-f]+:[0-9a-f]+:\d+)\s+(\d+)\s/;

/** "3: OFDLCK ADVISORY  WRITE -1 00:2f:1234 300 300": those of open files alone. */
function parseLock(line: string): Lock | undefined {
  const match = LOCK.exec(line);
  if (match === null) return undefined;
  const [, kind = "", file = "", first = ""] = match;
  return { kind, file, first: Number(first) };
}

function isQemus({ first }: Lock): boolean {
  return first >= QEMU_BYTES.first && first <= QEMU_BYTES.last;
}

function list(directory: string): string[] {
  try {
    return [...Deno.readDirSync(directory)].map(({ name }) => name);
  } catch {
    return []; // it has ended
  }
}

function read(path: string): string | undefined {
  try {
    return Deno.readTextFileSync(path);
  } catch {
    return undefined;
  }
}

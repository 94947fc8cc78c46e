/** What one run has of the machine for itself, beside whatever else runs there, and gives back. */
import { type Ipv4Range, overlaps, parseIpv4Range } from "../ipv4_range.ts";
import type { MachineNetwork } from "../local/network/machine_network.ts";
import { usedRanges } from "../local/network/used_ranges.ts";
import { makeLockedDirectory, type PlaceParts, placeParts, removePlace } from "./place_parts.ts";

/**
 * 10.214.0.0/24 to 10.214.255.0/24, and the same of 10.215.0.0/16 for Services; a standalone process has 10.213.0.0/20 and
 * 10.213.16.0/20 unless it is told otherwise.
 */
const NETWORKS = { pods: "10.214", services: "10.215" };
const NETWORK_COUNT = 256;
const NETWORK_PREFIX_LENGTH = 24;

export interface PrivatePlaceOptions {
  /** Where the directory for images and disks is made. */
  parent: string;
  /** Absent: one that no interface of the machine has. */
  range: Ipv4Range | undefined;
}

export class PrivatePlace implements AsyncDisposable {
  readonly dataDirectory: string;
  readonly runDirectory: string;
  readonly network: MachineNetwork;
  readonly cgroup: string;
  readonly #parts: PlaceParts;
  readonly #lock: Deno.FsFile;

  private constructor(parts: PlaceParts, { lock, ranges }: { lock: Deno.FsFile; ranges: Ranges }) {
    this.dataDirectory = parts.dataDirectory;
    this.runDirectory = parts.runDirectory;
    this.network = { bridge: parts.bridge, ...ranges };
    this.cgroup = parts.cgroup;
    this.#parts = parts;
    this.#lock = lock;
  }

  static async make({ parent, range }: PrivatePlaceOptions): Promise<PrivatePlace> {
    const ranges = freeRanges(range);
    const { dataDirectory, lock } = await makeLockedDirectory(parent);
    const parts = placeParts(dataDirectory);
    const place = new PrivatePlace(parts, { lock, ranges });
    try {
      await Deno.mkdir(parts.runDirectory, { mode: 0o700 });
    } catch (error) {
      await Deno.remove(dataDirectory, { recursive: true });
      lock.close();
      throw error;
    }
    return place;
  }

  /** After its guests. What cannot be taken away does not keep the rest from it. */
  async [Symbol.asyncDispose](): Promise<void> {
    try {
      await removePlace(this.#parts);
    } finally {
      this.#lock.close();
    }
  }
}

type Ranges = Pick<MachineNetwork, "range" | "serviceRange">;

/** What no interface of the machine has, from a random one on: two that look at the same moment differ. */
export function freeRanges(pods?: Ipv4Range): Ranges {
  const used = usedRanges();
  const start = Math.floor(Math.random() * NETWORK_COUNT);
  for (let step = 0; step < NETWORK_COUNT; step++) {
    const third = (start + step) % NETWORK_COUNT;
    const range = pods ?? rangeOf(NETWORKS.pods, third);
    const serviceRange = rangeOf(NETWORKS.services, third);
    const isFree = (wanted: Ipv4Range) => !used.some((each) => overlaps(each.range, wanted));
    if (overlaps(range, serviceRange)) continue;
    if (isFree(serviceRange) && (pods !== undefined || isFree(range))) {
      return { range, serviceRange };
    }
  }
  throw new TypeError(
    `Cannot use these flags: podNetwork is needed: all of ${NETWORKS.pods}.0.0/16 is in use`,
  );
}

function rangeOf(network: string, third: number): Ipv4Range {
  const range = parseIpv4Range(`${network}.${third}.0/${NETWORK_PREFIX_LENGTH}`);
  if (range === undefined) throw new Error(`not a network: ${network}.${third}.0`);
  return range;
}

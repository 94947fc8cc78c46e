/** What one run has of the machine for itself, beside whatever else runs there, and gives back. */
import { type Ipv4Range, overlaps, parseIpv4Range } from "../ipv4_range.ts";
import type { MachineNetwork } from "../local/network/machine_network.ts";
import { usedRanges } from "../local/network/used_ranges.ts";
import { lockNetwork, removeDeadNetworkLocks } from "./network_lock.ts";
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
  /** Absent: one that no interface of the machine has, and no other run. */
  range: Ipv4Range | undefined;
}

export class PrivatePlace implements AsyncDisposable {
  readonly dataDirectory: string;
  readonly runDirectory: string;
  readonly network: MachineNetwork;
  readonly cgroup: string;
  readonly #parts: PlaceParts;
  readonly #held: AsyncDisposableStack;

  private constructor(
    parts: PlaceParts,
    { held, ranges }: { held: AsyncDisposableStack; ranges: Ranges },
  ) {
    this.dataDirectory = parts.dataDirectory;
    this.runDirectory = parts.runDirectory;
    this.network = { bridge: parts.bridge, ...ranges };
    this.cgroup = parts.cgroup;
    this.#parts = parts;
    this.#held = held;
  }

  static async make({ parent, range }: PrivatePlaceOptions): Promise<PrivatePlace> {
    await using holding = new AsyncDisposableStack();
    const ranges = await takeRanges(range, holding);
    const { dataDirectory, lock } = await makeLockedDirectory(parent);
    holding.use(lock);
    const parts = placeParts(dataDirectory);
    try {
      await Deno.mkdir(parts.runDirectory, { mode: 0o700 });
    } catch (error) {
      await Deno.remove(dataDirectory, { recursive: true });
      throw error;
    }
    return new PrivatePlace(parts, { held: holding.move(), ranges });
  }

  /** After its guests. What cannot be taken away does not keep the rest from it. */
  async [Symbol.asyncDispose](): Promise<void> {
    try {
      await removePlace(this.#parts);
    } finally {
      await this.#held.disposeAsync();
    }
  }
}

type Ranges = Pick<MachineNetwork, "range" | "serviceRange">;

/** What no interface of the machine has, from a random one on: two that look at the same moment differ, as a rule. */
export function freeRanges(pods?: Ipv4Range): Ranges {
  for (const { ranges } of candidates(pods)) return ranges;
  throw allInUse();
}

/** What no other run has either, also one that is about to make its interface. Until what holds it is disposed of. */
async function takeRanges(
  pods: Ipv4Range | undefined,
  holding: AsyncDisposableStack,
): Promise<Ranges> {
  await removeDeadNetworkLocks();
  for (const { third, ranges } of candidates(pods)) {
    const lock = await lockNetwork(third);
    if (lock === undefined) continue;
    if (areFree(ranges, pods)) {
      holding.use(lock);
      return ranges;
    }
    await lock[Symbol.asyncDispose]();
  }
  throw allInUse();
}

function* candidates(pods?: Ipv4Range): Generator<{ third: number; ranges: Ranges }> {
  const start = Math.floor(Math.random() * NETWORK_COUNT);
  for (let step = 0; step < NETWORK_COUNT; step++) {
    const third = (start + step) % NETWORK_COUNT;
    const range = pods ?? rangeOf(NETWORKS.pods, third);
    const ranges = { range, serviceRange: rangeOf(NETWORKS.services, third) };
    if (!overlaps(range, ranges.serviceRange) && areFree(ranges, pods)) yield { third, ranges };
  }
}

/** Pods' own is not asked about where it was given. */
function areFree({ range, serviceRange }: Ranges, pods: Ipv4Range | undefined): boolean {
  const used = usedRanges();
  const isFree = (wanted: Ipv4Range) => !used.some((each) => overlaps(each.range, wanted));
  return isFree(serviceRange) && (pods !== undefined || isFree(range));
}

function allInUse(): TypeError {
  return new TypeError(
    `Cannot use these flags: podNetwork is needed: all of ${NETWORKS.pods}.0.0/16 is in use`,
  );
}

function rangeOf(network: string, third: number): Ipv4Range {
  const range = parseIpv4Range(`${network}.${third}.0/${NETWORK_PREFIX_LENGTH}`);
  if (range === undefined) throw new Error(`not a network: ${network}.${third}.0`);
  return range;
}

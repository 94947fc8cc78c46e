/** What one run has of the machine for itself, beside whatever else runs there, and gives back. */
import { SYSTEM_CLOCK } from "../../runtime/clock.ts";
import { removeMachineNetwork } from "../local/network/apply_machine_network.ts";
import { type Ipv4Range, overlaps, parseIpv4Range } from "../ipv4_range.ts";
import type { MachineNetwork } from "../local/network/machine_network.ts";
import { usedRanges } from "../local/network/used_ranges.ts";
import { PodCgroups } from "../local/pod_cgroups.ts";

/** In memory: secrets, and sockets, whose paths must be short. */
const RUN_PARENT = "/run";
const INTERFACE_CHARACTERS_MAX = 15;
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

  /** All of it has the name of the data directory's end. */
  private constructor({ dataDirectory, ranges }: { dataDirectory: string; ranges: Ranges }) {
    const name = dataDirectory.slice(dataDirectory.lastIndexOf("-") + 1);
    this.dataDirectory = dataDirectory;
    this.runDirectory = `${RUN_PARENT}/denovirt-run-${name}`;
    // Who looks for the machine's own address knows the beginning.
    this.network = { bridge: `denovirt${name}`.slice(0, INTERFACE_CHARACTERS_MAX), ...ranges };
    this.cgroup = `denovirt-run-${name}`;
  }

  static async make({ parent, range }: PrivatePlaceOptions): Promise<PrivatePlace> {
    const ranges = freeRanges(range);
    const dataDirectory = await Deno.makeTempDir({ dir: parent, prefix: "denovirt-run-" });
    const place = new PrivatePlace({ dataDirectory, ranges });
    try {
      await Deno.mkdir(place.runDirectory, { mode: 0o700 });
    } catch (error) {
      await Deno.remove(dataDirectory);
      throw error;
    }
    return place;
  }

  /** After its guests. What cannot be taken away does not keep the rest from it. */
  async [Symbol.asyncDispose](): Promise<void> {
    const done = await Promise.allSettled([
      this.#removeNetwork(),
      PodCgroups.open(this.cgroup, SYSTEM_CLOCK).then((cgroups) => cgroups.close()),
      ...[this.runDirectory, this.dataDirectory].map((path) =>
        Deno.remove(path, { recursive: true })
      ),
    ]);
    const failures = done.filter((each) => each.status === "rejected").map(({ reason }) => reason);
    if (failures.length > 0) {
      throw new AggregateError(failures, `Cannot take everything away: ${failures.join("; ")}`);
    }
  }

  /** The bridge is the first of it. */
  async #removeNetwork(): Promise<void> {
    const { bridge } = this.network;
    const isThere = Deno.networkInterfaces().some(({ name }) => name === bridge);
    if (isThere) await removeMachineNetwork(this.network);
  }
}

type Ranges = Pick<MachineNetwork, "range" | "serviceRange">;

/** What no interface of the machine has. */
function freeRanges(pods: Ipv4Range | undefined): Ranges {
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

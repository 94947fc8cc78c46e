/** `denovirt-node standalone`: constructs it from its flags, and runs it until it is told to stop. */
import type { NativeLibrary } from "../hypervisor/native/native.ts";
import type { StandaloneConfig } from "../node/config.ts";
import { JsonLogger } from "../runtime/log.ts";
import { formatRange, type Ipv4Range, overlaps, parseIpv4Range } from "./ipv4_range.ts";
import { usedRanges, whyNotFree } from "./local/network/used_ranges.ts";
import { Standalone } from "./standalone.ts";

const GIB = 1024 ** 3;
/** The parent of all pods' cgroups. */
const CGROUP = "denovirt";

export interface StandaloneCommand {
  native: NativeLibrary;
  version: string;
  signal: AbortSignal;
}

export async function runStandalone(
  config: StandaloneConfig,
  { native, version, signal }: StandaloneCommand,
): Promise<void> {
  requireRoot();
  const range = networkOf("podNetwork", config.podNetwork);
  const serviceRange = networkOf("serviceNetwork", config.serviceNetwork);
  if (overlaps(range, serviceRange)) {
    const seen = `${config.podNetwork} and ${config.serviceNetwork}`;
    throw new TypeError(
      `Cannot use these flags: podNetwork and serviceNetwork must not overlap: got ${seen}`,
    );
  }
  requireFree("podNetwork", range, config.bridge);
  requireFree("serviceNetwork", serviceRange, config.bridge);
  const logger = new JsonLogger({ level: config.logLevel });
  const { dataDirectory, runDirectory } = config;
  const colon = config.listen.lastIndexOf(":");
  await Deno.mkdir(runDirectory, { recursive: true });
  await using standalone = await Standalone.start({
    dataDirectory,
    runDirectory,
    listen: {
      hostname: config.listen.slice(0, colon),
      port: Number(config.listen.slice(colon + 1)),
    },
    nodeName: config.nodeName,
    archiveDirectories: config.images,
    imageBytesMax: config.imageCacheGib * GIB,
    network: { bridge: config.bridge, range, serviceRange },
    cgroup: CGROUP,
    version,
    native,
    logger,
  });
  logger.info("ready", { ...standalone.endpoint });
  await standalone.run(signal, { stopGuests: config.stopGuests });
  logger.info("stopped", { guests: config.stopGuests ? "stopped" : "go on" });
}

export function requireRoot(): void {
  if (Deno.uid() === 0) return;
  throw new TypeError(`Cannot use these flags: root is needed: got uid ${Deno.uid()}`);
}

function requireFree(flag: string, range: Ipv4Range, bridge: string): void {
  const why = whyNotFree(range, { used: usedRanges(), bridge });
  if (why === undefined) return;
  throw new TypeError(
    `Cannot use these flags: ${flag} must be a network of its own: got ${formatRange(range)}, ` +
      `but ${why}`,
  );
}

/** Of a flag. */
export function networkOf(flag: string, cidr: string): Ipv4Range {
  const range = parseIpv4Range(cidr);
  if (range !== undefined) return range;
  throw new TypeError(`Cannot use these flags: ${flag} must be an IPv4 network: got ${cidr}`);
}

/** Rules of nftables that lead to pods: pure. What is rendered is numbers and addresses that were parsed, never names. */
import { createHash } from "node:crypto";
import { type MachineNetwork, serviceTableOf } from "../network/machine_network.ts";
import type { Endpoint, Forward, Place } from "./world.ts";

const DIGEST_CHARACTERS = 16;
/** The name of a chain without rules: what is in force says itself which it is. */
const DIGEST_CHAIN = "digest_";
/** Which pod a client has must not change with every change of the rules. */
const CLIENT_SEED = "0x64656e6f";

/** Tells rules apart. */
export function digestOf(forwards: readonly Forward[]): string {
  const text = renderBody(forwards).join("\n");
  return createHash("sha256").update(text).digest("hex").slice(0, DIGEST_CHARACTERS);
}

/** Of what `nft list table` has printed. */
export function digestIn(listed: string): string | undefined {
  return new RegExp(`chain ${DIGEST_CHAIN}([0-9a-f]{${DIGEST_CHARACTERS}}) `).exec(listed)?.[1];
}

/** For `nft -f`: what was there is replaced at once. */
export function renderForwards(
  forwards: readonly Forward[],
  network: Pick<MachineNetwork, "bridge">,
): string {
  const table = `ip ${serviceTableOf(network)}`;
  return [
    renderNoForwards(network),
    `table ${table} {`,
    `  chain ${DIGEST_CHAIN}${digestOf(forwards)} {`,
    "  }",
    ...renderBody(forwards),
    "}",
  ].join("\n");
}

/** For `nft -f`. Added first: what is not there cannot be deleted. */
export function renderNoForwards(network: Pick<MachineNetwork, "bridge">): string {
  const table = `ip ${serviceTableOf(network)}`;
  return `add table ${table}\ndelete table ${table}`;
}

function renderBody(forwards: readonly Forward[]): string[] {
  // Ports with the same pods share their chains.
  const chains = new Map<string, Forward>();
  for (const forward of forwards) {
    const pods = podsOf(forward);
    if (!chains.has(pods)) chains.set(pods, forward);
  }
  const names = new Map([...chains.keys()].map((pods, index) => [pods, `pods_${index}`]));
  return [
    "  chain prerouting {",
    "    type nat hook prerouting priority dstnat; policy accept;",
    "    jump services",
    "  }",
    // What the machine itself asks for.
    "  chain output {",
    "    type nat hook output priority -100; policy accept;",
    "    jump services",
    "  }",
    "  chain services {",
    ...forwards.flatMap((forward) =>
      matches(forward).map((match) => `    ${match} goto ${names.get(podsOf(forward))}`)
    ),
    "  }",
    ...[...chains].flatMap(([pods, forward]) => renderChains(forward, names.get(pods) ?? "")),
  ];
}

function podsOf({ endpoints, keepsClients, protocol }: Forward): string {
  return JSON.stringify([protocol, keepsClients, endpoints]);
}

/** One for each source: networks of one set must not overlap. */
function matches({ place, port, protocol, sources }: Forward): string[] {
  const destination = `${matchPlace(place)} ${protocol.toLowerCase()} dport ${port}`;
  return sources?.map((source) => `ip saddr ${source} ${destination}`) ?? [destination];
}

function matchPlace(place: Place): string {
  return place.kind === "machine" ? "fib daddr type local" : `ip daddr ${place.address}`;
}

function renderChains(
  { endpoints, keepsClients, protocol }: Forward,
  chain: string,
): string[] {
  const lead = ({ address, port }: Endpoint) =>
    `meta l4proto ${protocol.toLowerCase()} dnat to ${address}:${port}`;
  const [only] = endpoints;
  if (endpoints.length === 1 && only !== undefined) return renderChain(chain, lead(only));
  const chosen = keepsClients
    ? `jhash ip saddr mod ${endpoints.length} seed ${CLIENT_SEED}`
    : `numgen random mod ${endpoints.length}`;
  const choices = endpoints.map((_, each) => `${each} : goto ${chain}_${each}`).join(", ");
  return [
    ...renderChain(chain, `${chosen} vmap { ${choices} }`),
    ...endpoints.flatMap((endpoint, each) => renderChain(`${chain}_${each}`, lead(endpoint))),
  ];
}

function renderChain(name: string, rule: string): string[] {
  return [`  chain ${name} {`, `    ${rule}`, "  }"];
}

/** The names in the aggregated API. Apart from what answers, so that discovery needs none of it. */
import { EXPAND_VM_SPEC, PORT_FORWARD } from "./route.ts";

export const CONSOLE = "virtualmachineinstances/console";
/** Followed by the port, and the protocol. */
export const PORT_FORWARDS: readonly string[] = [
  `virtualmachineinstances/${PORT_FORWARD}`,
  `virtualmachines/${PORT_FORWARD}`,
];
export const EXPAND_SPEC = "virtualmachines/expand-spec";

const VERB_NAMES = [
  "virtualmachines/start",
  "virtualmachines/stop",
  "virtualmachines/restart",
  "virtualmachines/migrate",
  "virtualmachineinstances/pause",
  "virtualmachineinstances/unpause",
] as const;
/** What is asked of an object with PUT. */
export type VerbName = typeof VERB_NAMES[number];

/** Everything that is served, in the order of the discovery document. */
export const SERVED_SUBRESOURCES: readonly string[] = [
  EXPAND_VM_SPEC,
  CONSOLE,
  ...PORT_FORWARDS,
  ...VERB_NAMES,
  EXPAND_SPEC,
];

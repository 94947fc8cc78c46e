/** What guests of this node can have, read from the words of libvirt and QEMU. Pure. */

/** What `denovirt-domain capabilities` answers. */
export interface CapabilitiesAnswer {
  /** libvirt's `<domainCapabilities>`. */
  domain: string;
  /** What QEMU says of its machine types, a line for each. */
  machines: string;
  /** libvirt's `<cpu>` for host-model with all features; absent where the node has no host-model. */
  cpu?: string | null;
}

export interface NodeCapabilities {
  /** CPU models that guests can have. */
  models: string[];
  /** CPU features that guests can have. */
  features: string[];
  machines: string[];
  /** What host-model stands for. */
  hostModel?: {
    name: string;
    vendor?: string;
    /** Beyond those of the model itself. */
    requiredFeatures: string[];
  };
}

/** Lines of QEMU's list: "q35   Standard PC (Q35 + ICH9, 2009) (alias of pc-q35-7.2)", below a heading. */
const MACHINE = /^(\S+) +\S/;
/** "none" has no board; those with "x-" are QEMU's own experiments. */
const NOT_FOR_GUESTS = /^(none|x-.*)$/;

export function parseCapabilities({ domain, machines, cpu }: CapabilitiesAnswer): NodeCapabilities {
  const custom = modeOf(domain, "custom");
  const host = modeOf(domain, "host-model");
  const models = elements(custom, "model").filter(({ attributes }) =>
    attributes["usable"] === "yes"
  )
    .map(({ text }) => text);
  const [name] = elements(host, "model").map(({ text }) => text);
  const [vendor] = elements(host, "vendor").map(({ text }) => text);
  return {
    models,
    features: requiredFeatures(cpu ?? ""),
    machines: machines.split("\n").slice(1).flatMap((line) => MACHINE.exec(line)?.[1] ?? [])
      .filter((machine) => !NOT_FOR_GUESTS.test(machine)),
    ...(name !== undefined && {
      hostModel: { name, ...(vendor && { vendor }), requiredFeatures: requiredFeatures(host) },
    }),
  };
}

/** The content of a supported `<mode>`; empty: the node does not have it. */
function modeOf(xml: string, mode: string): string {
  const pattern = new RegExp(`<mode name='${mode}' supported='yes'>(.*?)</mode>`, "s");
  return pattern.exec(xml)?.[1] ?? "";
}

function requiredFeatures(xml: string): string[] {
  return elements(xml, "feature").filter(({ attributes }) => attributes["policy"] === "require")
    .flatMap(({ attributes }) => attributes["name"] ?? []);
}

interface Element {
  attributes: Record<string, string>;
  text: string;
}

/** Elements without children, as libvirt writes them. */
function elements(xml: string, name: string): Element[] {
  const pattern = new RegExp(`<${name}((?:\\s[^>]*?)?)(?:/>|>([^<]*)</${name}>)`, "g");
  return [...xml.matchAll(pattern)].map(([, attributes = "", text = ""]) => ({
    attributes: Object.fromEntries(
      [...attributes.matchAll(/([\w-]+)='([^']*)'/g)].map((
        [, key = "", value = ""],
      ) => [key, value]),
    ),
    text: text.trim(),
  }));
}

/** All kinds of a server, found by what a request or a reference says. */
import { apiVersionOf, type Kind, type ServedKind } from "./kind.ts";

export class KindRegistry {
  readonly kinds: readonly Kind[];
  readonly #byResource = new Map<string, ServedKind>();
  readonly #byKind = new Map<string, ServedKind>();

  constructor(kinds: readonly Kind[]) {
    this.kinds = kinds;
    for (const kind of kinds) {
      for (const form of kind.forms) {
        const served = { kind, form };
        this.#byResource.set(`${apiVersionOf(form)}/${kind.plural}`, served);
        this.#byKind.set(`${apiVersionOf(form)}/${kind.kind}`, served);
      }
    }
  }

  /** By group, version and plural. */
  resource(at: { group: string; version: string; plural: string }): ServedKind | undefined {
    return this.#byResource.get(`${apiVersionOf(at)}/${at.plural}`);
  }

  /** By `apiVersion` and `kind`, as owner references name it. */
  kind(apiVersion: string, kind: string): ServedKind | undefined {
    return this.#byKind.get(`${apiVersion}/${kind}`);
  }

  /** Group versions in the order of discovery: by group, then as its kinds list them. */
  groupVersions(): { group: string; versions: string[] }[] {
    const groups = new Map<string, string[]>();
    for (const { forms } of this.kinds) {
      for (const { group, version } of forms) {
        const versions = groups.get(group) ?? [];
        if (!versions.includes(version)) versions.push(version);
        groups.set(group, versions);
      }
    }
    return [...groups].map(([group, versions]) => ({ group, versions: versions.sort(byMaturity) }));
  }

  /** What a group version serves, by plural. */
  served(groupVersion: { group: string; version: string }): ServedKind[] {
    return [...this.#byResource.values()]
      .filter(({ form }) =>
        form.group === groupVersion.group && form.version === groupVersion.version
      )
      .sort((a, b) => a.kind.plural < b.kind.plural ? -1 : 1);
  }
}

const VERSION = /^v(\d+)(?:(alpha|beta)(\d+))?$/;

/** Stable versions first, then beta, then alpha; newer ones first. */
function byMaturity(a: string, b: string): number {
  const rank = (version: string) => {
    const [, major = "0", stage, minor = "0"] = VERSION.exec(version) ?? [];
    const stages: Record<string, number> = { alpha: 0, beta: 1 };
    return (stage === undefined ? 2 : stages[stage] ?? 0) * 1e6 + Number(major) * 1e3 +
      Number(minor);
  };
  return rank(b) - rank(a);
}

/** `/openapi/v3`: made when asked for, since few clients ask and the documents are large. */
import type { Kind, ServedForm } from "../kinds/kind.ts";
import type { KindRegistry } from "../kinds/kind_registry.ts";
import {
  type DescribedKind,
  documentPaths,
  openApiDocument,
  openApiIndex,
} from "../openapi/documents.ts";

const ROOT = "/openapi/v3";

export class OpenApi {
  readonly #kinds: readonly DescribedKind[];
  readonly #documents = new Map<string, string>();

  constructor(kinds: KindRegistry) {
    this.#kinds = kinds.kinds.flatMap((kind) =>
      kind.forms.map((form) => describedKind(kind, form))
    );
  }

  /** The index, or the document of a group version as text; `undefined`: there is none. */
  readonly document = (path: string): unknown => {
    if (path === ROOT) return openApiIndex(this.#all());
    if (!path.startsWith(`${ROOT}/`)) return undefined;
    return this.#text(path.slice(ROOT.length + 1));
  };

  #all(): ReadonlyMap<string, string> {
    for (const path of documentPaths(this.#kinds)) this.#text(path);
    return this.#documents;
  }

  #text(path: string): string | undefined {
    const known = this.#documents.get(path);
    if (known !== undefined) return known;
    const document = openApiDocument(path, this.#kinds);
    if (document === undefined) return undefined;
    const text = JSON.stringify(document);
    this.#documents.set(path, text);
    return text;
  }
}

function describedKind(kind: Kind, form: ServedForm): DescribedKind {
  const described = {
    group: form.group,
    version: form.version,
    kind: kind.kind,
    plural: kind.plural,
    namespaced: kind.namespaced,
    statusSubresource: kind.statusSubresource,
    scale: kind.scale !== undefined,
    custom: kind.custom,
  };
  const { definition } = form;
  if (definition === undefined) return described;
  return Object.defineProperty(described, "definition", { get: definition });
}

/** Names of container images, as a pod has them: pure. */

export interface ImageReference {
  /** "docker.io", "127.0.0.1:5000" */
  registry: string;
  /** "library/debian" */
  repository: string;
  /** Absent when there is a digest only. */
  tag?: string;
  /** "sha256:…" */
  digest?: string;
}

const REFERENCE_LENGTH_MAX = 512;
const DEFAULT_REGISTRY = "docker.io";
const COMPONENT = "[a-z0-9]+(?:(?:[._]|__|-+)[a-z0-9]+)*";
const REPOSITORY = new RegExp(`^${COMPONENT}(?:/${COMPONENT})*$`);
const REGISTRY =
  /^[A-Za-z0-9](?:[A-Za-z0-9.-]*[A-Za-z0-9])?(?::\d{1,5})?$|^\[[0-9a-f:]+\](?::\d{1,5})?$/;
const TAG = /^\w[\w.-]{0,127}$/;
const DIGEST = /^sha256:[0-9a-f]{64}$/;

/** `undefined`: not the name of an image. */
export function parseImageReference(text: string): ImageReference | undefined {
  if (text.length > REFERENCE_LENGTH_MAX) return undefined;
  const [named = "", digest, ...rest] = text.split("@");
  if (rest.length > 0 || (digest !== undefined && !DIGEST.test(digest))) return undefined;
  const { path, tag } = splitTag(named);
  if (tag !== undefined && !TAG.test(tag)) return undefined;
  const slash = path.indexOf("/");
  const first = path.slice(0, Math.max(slash, 0));
  // As everywhere: what looks like a host is one, anything else is a part of Docker Hub.
  const hasRegistry = first === "localhost" || /[.:]/.test(first);
  const registry = hasRegistry ? first : DEFAULT_REGISTRY;
  const given = hasRegistry ? path.slice(slash + 1) : path;
  const isOfficial = registry === DEFAULT_REGISTRY && !given.includes("/");
  const repository = isOfficial ? `library/${given}` : given;
  if (!REGISTRY.test(registry) || !REPOSITORY.test(repository)) return undefined;
  return {
    registry,
    repository,
    ...(tag !== undefined ? { tag } : digest === undefined ? { tag: "latest" } : {}),
    ...(digest === undefined ? {} : { digest }),
  };
}

function splitTag(named: string): { path: string; tag?: string } {
  const colon = named.lastIndexOf(":");
  // A colon before a slash is a port's.
  if (colon < 0 || named.indexOf("/", colon) >= 0) return { path: named };
  return { path: named.slice(0, colon), tag: named.slice(colon + 1) };
}

/** The one name that all spellings of it share. A digest says it all: the tag beside it is left out. */
export function formatImageReference(
  { registry, repository, tag, digest }: ImageReference,
): string {
  return `${registry}/${repository}${digest === undefined ? `:${tag}` : `@${digest}`}`;
}

/** On this machine: spoken to without TLS if need be, as by Docker. */
export function isLoopbackRegistry({ registry }: ImageReference): boolean {
  return /^(localhost|127(\.\d{1,3}){3}|\[::1\])(:\d+)?$/.test(registry);
}

/** What an API server was asked, from its audit log: exact, and by who asked. */

/** Every request once, when it is answered; watches as they begin. */
const POLICY = JSON.stringify({
  apiVersion: "audit.k8s.io/v1",
  kind: "Policy",
  omitStages: ["RequestReceived", "ResponseStarted", "Panic"],
  rules: [{ level: "Metadata" }],
});
/** Nothing was written for so long: what was asked for has settled. */
const QUIET_MS = 2_000;
const QUIET_ATTEMPTS = 30;
const WRITE_VERBS: readonly string[] = ["create", "update", "patch", "delete", "deletecollection"];

/** One request, refused ones included. */
export interface Request {
  /** Without version and platform: "denovirt-controller". */
  userAgent: string;
  /** create, update, patch, delete, get, list, watch. */
  verb: string;
  /** With the subresource: "virtualmachines/status". */
  resource: string;
  namespace: string | undefined;
  code: number;
}

interface AuditEvent {
  verb: string;
  userAgent?: string;
  objectRef?: { resource?: string; subresource?: string; namespace?: string };
  responseStatus?: { code?: number };
}

export class AuditLog {
  readonly #directory: string;

  private constructor(directory: string) {
    this.#directory = directory;
  }

  /** Writes the policy. The log begins when an API server gets the flags. */
  static async create(): Promise<AuditLog> {
    const directory = await Deno.makeTempDir({ prefix: "denovirt-audit-" });
    await Deno.writeTextFile(`${directory}/policy.json`, POLICY);
    return new AuditLog(directory);
  }

  /** For kube-apiserver. */
  get flags(): string[] {
    return [
      `--audit-policy-file=${this.#directory}/policy.json`,
      `--audit-log-path=${this.#directory}/audit.log`,
      "--audit-log-mode=blocking",
    ];
  }

  /** Where the log ends now. */
  async position(): Promise<number> {
    return (await Deno.stat(`${this.#directory}/audit.log`)).size;
  }

  /** All requests that were answered since the position. */
  async since(position: number): Promise<Request[]> {
    using file = await Deno.open(`${this.#directory}/audit.log`);
    await file.seek(position, Deno.SeekMode.Start);
    const text = await new Response(file.readable).text();
    return parseAuditLog(text);
  }

  /** Waits until nothing is written in the namespace any more. */
  async untilQuiet(namespace: string): Promise<void> {
    for (let attempt = 0; attempt < QUIET_ATTEMPTS; attempt++) {
      const position = await this.position();
      await new Promise((done) => setTimeout(done, QUIET_MS));
      const requests = await this.since(position);
      if (!requests.some((each) => isWrite(each) && each.namespace === namespace)) return;
    }
    throw new Error(`Cannot measure: writes went on for ${QUIET_ATTEMPTS * QUIET_MS / 1000} s`);
  }

  async remove(): Promise<void> {
    await Deno.remove(this.#directory, { recursive: true });
  }
}

/** One JSON object per line; a last line that is still being written does not count. */
export function parseAuditLog(text: string): Request[] {
  return text.split("\n").slice(0, -1).map((line) => {
    const { verb, userAgent = "", objectRef = {}, responseStatus } = JSON.parse(line) as AuditEvent;
    const { resource = "", subresource } = objectRef;
    return {
      userAgent: userAgent.replace(/[/ ].*/, ""),
      verb,
      resource: subresource === undefined ? resource : `${resource}/${subresource}`,
      namespace: objectRef.namespace,
      code: responseStatus?.code ?? 0,
    };
  });
}

export function isWrite({ verb }: Request): boolean {
  return WRITE_VERBS.includes(verb);
}

export function isRead({ verb }: Request): boolean {
  return verb === "get" || verb === "list";
}

/** "patch virtualmachines/status" and how often. */
export function countByKind(requests: readonly Request[]): Map<string, number> {
  const counts = new Map<string, number>();
  for (const { verb, resource } of requests) {
    const kind = `${verb} ${resource}`;
    counts.set(kind, (counts.get(kind) ?? 0) + 1);
  }
  return new Map([...counts].sort(([a], [b]) => a < b ? -1 : 1));
}

/**
 * Finds writes that a process makes although it was answered that it has made them: each is an API call for nothing. What was
 * never answered may be said again.
 */
import type { DeleteOptions } from "../../src/kube/client.ts";
import { formatKey, type KubeObject } from "../../src/kube/object.ts";
import { isRecord } from "../../src/resources/merge_patch.ts";
import { type ApiServer, idOf } from "./api_server.ts";
import type { SentWrite } from "./process_client.ts";

/** The last write of one kind on one object that a process was answered. */
interface Answered {
  uid: string | undefined;
  body: unknown;
}

const TIMES = /\d{4}-\d{2}-\d{2}T[\d:.]+Z/g;

export class RepeatedWrites {
  readonly #server: ApiServer;
  readonly #answered = new Map<string, Answered>();

  constructor(server: ApiServer) {
    this.#server = server;
  }

  answered(write: SentWrite, answer: KubeObject | undefined): void {
    const { verb, body } = write;
    const isDeletion = verb === "delete";
    const uid = isDeletion ? (body as DeleteOptions).preconditions?.uid : answer?.metadata.uid;
    this.#answered.set(keyOf(write), { uid, body });
  }

  /** What is wrong about sending this. */
  problem(write: SentWrite): string | undefined {
    const { process, verb, resource, key, body } = write;
    const before = this.#answered.get(keyOf(write));
    if (before === undefined) return undefined;
    const present = this.#server.get<KubeObject>(resource, key);
    if (present === undefined || present.metadata.uid !== before.uid) return undefined;
    const version = versionOf(body);
    const mayBeAgain = verb === "create" || verb === "delete" ||
      version !== undefined && version === versionOf(before.body);
    const isAgain = mayBeAgain && (verb === "create" || textOf(body) === textOf(before.body));
    return isAgain ? `${process} repeats what it was told is done: ${verb} ${key.name}` : undefined;
  }
}

function keyOf({ process, verb, resource, key }: SentWrite): string {
  return `${process} ${verb} ${idOf(resource)} ${formatKey(key)}`;
}

/** Without what differs from one pass to the next: the time, and the version that it was decided on. */
function textOf(body: unknown): string {
  if (!isRecord(body) || !isRecord(body.metadata)) return JSON.stringify(body).replace(TIMES, "");
  const { resourceVersion: _, ...metadata } = body.metadata;
  return JSON.stringify({ ...body, metadata }).replace(TIMES, "");
}

function versionOf(body: unknown): string | undefined {
  const version = isRecord(body) && isRecord(body.metadata) && body.metadata.resourceVersion;
  return typeof version === "string" ? version : undefined;
}

/** AdmissionReview v1: what the API server asks and what it is answered. */
import * as z from "zod";
import type { Cause } from "../resources/cause.ts";
import type { PatchOperation } from "./json_patch.ts";

const API_VERSION = "admission.k8s.io/v1";
const KIND = "AdmissionReview";
/** The API server cuts a warning at 256 characters and all of them at 4096. */
const WARNING_LENGTH_MAX = 256;

const RawObject = z.record(z.string(), z.unknown());

const Review = z.object({
  apiVersion: z.literal(API_VERSION),
  kind: z.literal(KIND),
  request: z.object({
    uid: z.string(),
    operation: z.enum(["CREATE", "UPDATE", "DELETE", "CONNECT"]),
    name: z.string().optional(),
    namespace: z.string().optional(),
    userInfo: z.object({ username: z.string().optional() }),
    object: RawObject.nullish(),
    oldObject: RawObject.nullish(),
  }),
});

/** One question. Objects are raw: they may hold fields that we do not know. */
export type AdmissionRequest = z.infer<typeof Review>["request"];

/** Allowed, perhaps changed; or refused with all causes. */
export type AdmissionVerdict =
  | { allowed: true; patch?: readonly PatchOperation[]; warnings?: readonly string[] }
  | { allowed: false; causes: readonly Cause[] };

/** `undefined`: the body is no review. */
export function parseReview(body: Uint8Array): AdmissionRequest | undefined {
  try {
    const parsed = Review.safeParse(JSON.parse(new TextDecoder().decode(body)));
    return parsed.success ? parsed.data.request : undefined;
  } catch {
    return undefined;
  }
}

/** The answer, as JSON. */
export function reviewResponse(uid: string, verdict: AdmissionVerdict): string {
  return JSON.stringify({
    apiVersion: API_VERSION,
    kind: KIND,
    response: verdict.allowed ? allowed(uid, verdict) : refused(uid, verdict.causes),
  });
}

function allowed(uid: string, verdict: AdmissionVerdict & { allowed: true }): unknown {
  const { patch = [], warnings = [] } = verdict;
  return {
    uid,
    allowed: true,
    ...(patch.length === 0 ? {} : { patchType: "JSONPatch", patch: encodePatch(patch) }),
    ...(warnings.length === 0
      ? {}
      : { warnings: warnings.map((warning) => warning.slice(0, WARNING_LENGTH_MAX)) }),
  };
}

function refused(uid: string, causes: readonly Cause[]): unknown {
  return {
    uid,
    allowed: false,
    status: {
      status: "Failure",
      code: 422,
      reason: "Invalid",
      message: causes.map((cause) => cause.message).join(", "),
      details: { causes },
    },
  };
}

function encodePatch(patch: readonly PatchOperation[]): string {
  return new TextEncoder().encode(JSON.stringify(patch)).toBase64();
}

/** Who wants what changed, and how: the parameters of every write. */
import type { JsonObject } from "../../../kube/json.ts";
import type { FieldValidation } from "../schema/field_validation.ts";
import type { ServedKind } from "../kinds/kind.ts";

/** authentication/v1 UserInfo, as far as it matters here. */
export interface UserInfo {
  username: string;
  groups: readonly string[];
  uid?: string;
}

/** An object, or a part of it. */
export interface Target {
  served: ServedKind;
  namespace?: string | undefined;
  name: string;
  subresource?: string | undefined;
}

export interface WriteParameters {
  user: UserInfo;
  /** Owner of the fields that are written. */
  manager: string;
  dryRun: boolean;
  fieldValidation: FieldValidation;
  /** Paths that the body has more than once. */
  duplicates?: readonly string[];
  /** Takes texts for `Warning` headers. */
  warn: (text: string) => void;
}

/** What is decided upon before it is stored. */
export interface AdmissionAttempt {
  served: ServedKind;
  operation: "CREATE" | "UPDATE" | "DELETE";
  namespace?: string | undefined;
  name: string;
  subresource?: string | undefined;
  /** In the form of the request; absent for DELETE. */
  object?: JsonObject;
  oldObject?: JsonObject;
  parameters: WriteParameters;
}

/** Decisions beyond schemas and the kinds' own rules. Refusals are thrown as `KubeError`. */
export interface AdmissionPlugin {
  /** The object as it is to be; may be the same. */
  mutate(attempt: AdmissionAttempt): Promise<JsonObject>;
  validate(attempt: AdmissionAttempt): Promise<void>;
}

/** Everything is admitted as it is. */
export const NO_ADMISSION: AdmissionPlugin = {
  mutate: ({ object }) => Promise.resolve(object ?? {}),
  validate: () => Promise.resolve(),
};

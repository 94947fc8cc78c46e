/** The webhooks of `deploy/webhooks.yaml` where the API server is in the same process: the same functions, called. */
import type { Admission } from "../../admission/admission.ts";
import type { AdmissionVerdict } from "../../admission/admission_review.ts";
import type { KubeError } from "../../kube/client.ts";
import type { JsonObject } from "../../kube/json.ts";
import type { AdmissionAttempt, AdmissionPlugin } from "../apiserver/objects/write_request.ts";
import { applyJsonPatch } from "../apiserver/patch/json_patch.ts";
import { statusError } from "../apiserver/status_error.ts";

type Operation = AdmissionAttempt["operation"];

/** One webhook: of which resources, for what, and where. */
export interface WebhookRule {
  name: string;
  group: string;
  resources: readonly string[];
  operations: readonly Operation[];
  path: string;
}

const KUBEVIRT = "kubevirt.io";
const INSTANCETYPE = "instancetype.kubevirt.io";
const WRITES: readonly Operation[] = ["CREATE", "UPDATE"];

export const MUTATING_RULES: readonly WebhookRule[] = [
  rule("virtualmachines-mutator", "virtualmachines", "/virtualmachines-mutate"),
  {
    ...rule(
      "virtualmachineinstances-mutator",
      "virtualmachineinstances",
      "/virtualmachineinstances-mutate",
    ),
    operations: ["CREATE"],
  },
  {
    ...rule("migrations-mutator", "virtualmachineinstancemigrations", "/migration-create-mutate"),
    operations: ["CREATE"],
  },
];

export const VALIDATING_RULES: readonly WebhookRule[] = [
  rule("virtualmachine-validator", "virtualmachines", "/virtualmachines-validate"),
  rule(
    "virtualmachineinstances-create-validator",
    "virtualmachineinstances",
    "/virtualmachineinstances-validate",
  ),
  rule(
    "virtualmachineinstancereplicaset-validator",
    "virtualmachineinstancereplicasets",
    "/virtualmachineinstancereplicasets-validate",
  ),
  {
    ...rule("virtualmachinepool-validator", "virtualmachinepools", "/virtualmachinepools-validate"),
    group: "pool.kubevirt.io",
  },
  rule(
    "virtualmachineinstancepreset-validator",
    "virtualmachineinstancepresets",
    "/vmipreset-validate",
  ),
  {
    ...rule(
      "migration-create-validator",
      "virtualmachineinstancemigrations",
      "/migration-validate-create",
    ),
    operations: ["CREATE"],
  },
  {
    ...rule(
      "migration-update-validator",
      "virtualmachineinstancemigrations",
      "/migration-validate-update",
    ),
    operations: ["UPDATE"],
  },
  {
    ...rule(
      "migration-policy-validator",
      "migrationpolicies",
      "/migration-policy-validate-create",
    ),
    group: "migrations.kubevirt.io",
  },
  {
    name: "virtualmachineinstancetype-validator.instancetype.kubevirt.io",
    group: INSTANCETYPE,
    resources: ["virtualmachineinstancetypes", "virtualmachineclusterinstancetypes"],
    operations: WRITES,
    path: "/virtualmachineinstancetypes-validate",
  },
  {
    name: "virtualmachinepreference-validator.instancetype.kubevirt.io",
    group: INSTANCETYPE,
    resources: ["virtualmachinepreferences", "virtualmachineclusterpreferences"],
    operations: WRITES,
    path: "/virtualmachinepreferences-validate",
  },
  {
    ...rule("kubevirt-validator", "kubevirts", "/kubevirts-validate"),
    operations: [...WRITES, "DELETE"],
  },
];

function rule(name: string, resource: string, path: string): WebhookRule {
  return {
    name: `${name}.kubevirt.io`,
    group: KUBEVIRT,
    resources: [resource],
    operations: WRITES,
    path,
  };
}

export class InProcessAdmission implements AdmissionPlugin {
  #admission: Pick<Admission, "review"> | undefined;

  /** The webhooks look things up in the server that calls them: it is there first, and until then nothing of ours is. */
  use(admission: Pick<Admission, "review">): void {
    this.#admission = admission;
  }

  async mutate(attempt: AdmissionAttempt): Promise<JsonObject> {
    let object = attempt.object ?? {};
    for (const each of matching(MUTATING_RULES, attempt)) {
      const verdict = await this.#ask(each, { ...attempt, object });
      if (verdict.allowed && verdict.patch?.length) object = applyJsonPatch(object, verdict.patch);
    }
    return object;
  }

  async validate(attempt: AdmissionAttempt): Promise<void> {
    for (const each of matching(VALIDATING_RULES, attempt)) await this.#ask(each, attempt);
  }

  async #ask({ name, path }: WebhookRule, attempt: AdmissionAttempt): Promise<AdmissionVerdict> {
    if (this.#admission === undefined) {
      throw statusError(500, "InternalError", `failed calling webhook "${name}": not started yet`);
    }
    const { parameters, operation } = attempt;
    const verdict = await this.#admission.review(path, {
      uid: crypto.randomUUID(),
      operation,
      name: attempt.name,
      namespace: attempt.namespace,
      userInfo: { username: parameters.user.username },
      object: attempt.object ?? null,
      oldObject: attempt.oldObject ?? null,
    });
    if (!verdict.allowed) throw refusal(name, verdict.causes);
    for (const warning of verdict.warnings ?? []) parameters.warn(warning);
    return verdict;
  }
}

function matching(rules: readonly WebhookRule[], attempt: AdmissionAttempt): WebhookRule[] {
  const { served: { kind, form }, operation, subresource } = attempt;
  if (subresource !== undefined && subresource !== "") return [];
  return rules.filter((each) =>
    each.resources.includes(kind.plural) && each.group === form.group &&
    each.operations.includes(operation)
  );
}

/** As the API server puts a webhook's words. */
function refusal(
  name: string,
  causes: Extract<AdmissionVerdict, { allowed: false }>["causes"],
): KubeError {
  const said = causes.map(({ message }) => message).join(", ");
  const message = `admission webhook "${name}" denied the request: ${said}`;
  return statusError(422, "Invalid", message, { causes: [...causes] });
}

/**
 * What is wrong with a pod's spec, as far as people get it wrong: names, images, ports, variables, volumes and their
 * mounts. The rest of Kubernetes' rules guards features that the local node does not have.
 */
import { isObject, type JsonObject } from "../../../kube/json.ts";
import {
  duplicate,
  type FieldError,
  invalidValue,
  notSupported,
  required,
} from "../field_error.ts";
import { items, text } from "./members.ts";
import { dnsLabel, dnsSubdomain, portName, portNumber } from "./names.ts";
import { validateLabels } from "./object_meta.ts";

const PULL_POLICIES = ["Always", "IfNotPresent", "Never"];
const RESTART_POLICIES = ["Always", "OnFailure", "Never"];
const DNS_POLICIES = ["ClusterFirstWithHostNet", "ClusterFirst", "Default", "None"];
const MESSAGE_POLICIES = ["File", "FallbackToLogsOnError"];
const PROTOCOLS = ["SCTP", "TCP", "UDP"];

/** All that is wrong, in the order of the spec's fields. */
export function validatePodSpec(spec: JsonObject): FieldError[] {
  const volumes = new Set<string>();
  const errors = validateVolumes(spec, volumes);
  const names = new Set<string>();
  if (items(spec, "containers").length === 0) errors.push(required("spec.containers"));
  for (const list of ["containers", "initContainers"]) {
    items(spec, list).forEach((container, index) => {
      errors.push(...validateContainer(container, `spec.${list}[${index}]`, { names, volumes }));
    });
  }
  errors.push(
    ...supported(spec, "restartPolicy", RESTART_POLICIES),
    ...supported(spec, "dnsPolicy", DNS_POLICIES),
    ...validateLabels(spec.nodeSelector, "spec.nodeSelector"),
  );
  for (const name of ["serviceAccountName", "nodeName"]) {
    const value = text(spec, name);
    if (value === "") continue;
    errors.push(...dnsSubdomain(value).map((each) => invalidValue(`spec.${name}`, value, each)));
  }
  const { activeDeadlineSeconds: deadline } = spec;
  if (typeof deadline === "number" && (deadline < 1 || deadline > 2 ** 31 - 1)) {
    const detail = `must be between 1 and ${2 ** 31 - 1}, inclusive`;
    errors.push(invalidValue("spec.activeDeadlineSeconds", deadline, detail));
  }
  return errors;
}

function supported(
  object: JsonObject,
  name: string,
  values: readonly string[],
  prefix = "spec",
): FieldError[] {
  const value = text(object, name);
  if (value === "") return [required(`${prefix}.${name}`)];
  return values.includes(value) ? [] : [notSupported(`${prefix}.${name}`, value, values)];
}

function validateVolumes(spec: JsonObject, known: Set<string>): FieldError[] {
  return items(spec, "volumes").flatMap((volume, index) => {
    const name = text(volume, "name");
    const field = `spec.volumes[${index}].name`;
    const sources = Object.entries(volume).filter(([, each]) => isObject(each));
    const errors = sources.slice(1).map(([source]): FieldError => ({
      reason: "FieldValueForbidden",
      field: `spec.volumes[${index}].${source}`,
      detail: "may not specify more than 1 volume type",
    }));
    if (name === "") errors.push(required(field));
    else errors.push(...dnsLabel(name).map((each) => invalidValue(field, name, each)));
    if (known.has(name)) errors.push(duplicate(field, name));
    if (errors.length === 0) known.add(name);
    return errors;
  });
}

function validateContainer(
  container: JsonObject,
  field: string,
  { names, volumes }: { names: Set<string>; volumes: ReadonlySet<string> },
): FieldError[] {
  const name = text(container, "name");
  const errors = name === ""
    ? [required(`${field}.name`)]
    : dnsLabel(name).map((each) => invalidValue(`${field}.name`, name, each));
  if (text(container, "image") === "") errors.push(required(`${field}.image`));
  errors.push(
    ...supported(container, "terminationMessagePolicy", MESSAGE_POLICIES, field),
    ...validatePorts(container, field),
    ...validateEnv(container, field),
    ...validateMounts(container, field, volumes),
    ...supported(container, "imagePullPolicy", PULL_POLICIES, field),
  );
  if (names.has(name)) errors.push(duplicate(`${field}.name`, name));
  names.add(name);
  return errors;
}

function validatePorts(container: JsonObject, prefix: string): FieldError[] {
  const names = new Set<string>();
  return items(container, "ports").flatMap((port, index) => {
    const field = `${prefix}.ports[${index}]`;
    const name = text(port, "name");
    const errors: FieldError[] = [];
    if (name !== "") {
      const texts = portName(name);
      if (texts.length > 0) {
        errors.push(...texts.map((each) => invalidValue(`${field}.name`, name, each)));
      } else if (names.has(name)) errors.push(duplicate(`${field}.name`, name));
      names.add(name);
    }
    if (!port.containerPort) errors.push(required(`${field}.containerPort`));
    else {
      const number = Number(port.containerPort);
      const texts = portNumber(number);
      errors.push(...texts.map((each) => invalidValue(`${field}.containerPort`, number, each)));
    }
    return [...errors, ...supported(port, "protocol", PROTOCOLS, field)];
  });
}

function validateEnv(container: JsonObject, prefix: string): FieldError[] {
  return items(container, "env").flatMap((variable, index) => {
    const field = `${prefix}.env[${index}]`;
    const name = text(variable, "name");
    if (name === "") return [required(`${field}.name`)];
    if (/^[ -<>-~]+$/.test(name)) return [];
    const detail =
      "a valid environment variable name must consist only of printable ASCII characters other than '='";
    return [invalidValue(`${field}.name`, name, detail)];
  });
}

function validateMounts(
  container: JsonObject,
  prefix: string,
  volumes: ReadonlySet<string>,
): FieldError[] {
  const paths = new Set<string>();
  return items(container, "volumeMounts").flatMap((mount, index) => {
    const field = `${prefix}.volumeMounts[${index}]`;
    const [name, path] = [text(mount, "name"), text(mount, "mountPath")];
    const errors: FieldError[] = [];
    if (name === "") errors.push(required(`${field}.name`));
    if (!volumes.has(name)) {
      errors.push({
        reason: "FieldValueNotFound",
        field: `${field}.name`,
        value: name,
        detail: "",
      });
    }
    if (path === "") errors.push(required(`${field}.mountPath`));
    if (path !== "" && paths.has(path)) {
      errors.push(invalidValue(`${field}.mountPath`, path, "must be unique"));
    }
    paths.add(path);
    return errors;
  });
}

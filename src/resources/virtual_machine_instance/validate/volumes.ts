/** Volumes: names, exactly one source each, and what each source must have. */
import { parseQuantity } from "../../../api/quantity.ts";
import type { Volume } from "../../../api/volume.ts";
import { type Cause, invalid, required } from "../../cause.ts";
import type { JudgedSpec, SpecRule } from "../validate.ts";
import { validateCloudInit } from "./cloud_init.ts";
import { validateImagePath } from "./image_path.ts";
import { countPresent, dnsLabelObjection, duplicateNames, isPresent } from "./names.ts";
import { eachPlaced } from "./placed.ts";

export const VOLUME_RULES: readonly SpecRule[] = [
  uniqueNames,
  namesAreLabels,
  exactlyOneSource,
  oneCloudInit,
  oneOfAKind,
  cloudInit,
  containerDisk,
  claims,
  emptyDisk,
  hostDisk,
  sysprep,
  references,
  downwardMetrics,
];

const CLOUD_INIT_SOURCES = ["cloudInitNoCloud", "cloudInitConfigDrive"] as const;
/** Fields of a volume that are no source. */
const NO_SOURCE: readonly string[] = ["name"];

type VolumeRule = (volume: Volume, field: string) => Cause[];

function each({ volumes }: JudgedSpec, rule: VolumeRule): Cause[] {
  return eachPlaced(volumes, rule);
}

function uniqueNames({ spec, field }: JudgedSpec): Cause[] {
  return duplicateNames(`${field}.volumes`, spec.volumes ?? []);
}

function namesAreLabels(subject: JudgedSpec): Cause[] {
  return each(subject, (volume, field) => {
    const objection = dnsLabelObjection(volume.name);
    return objection === undefined ? [] : [invalid(`${field}.name`, objection)];
  });
}

function exactlyOneSource(subject: JudgedSpec): Cause[] {
  return each(subject, (volume, field) => {
    const sources = (Object.keys(volume) as (keyof Volume)[])
      .filter((name) => !NO_SOURCE.includes(name) && isPresent(volume[name]));
    if (sources.length === 1) return [];
    return [invalid(field, `${field} must have exactly one source type set`)];
  });
}

function oneCloudInit({ spec, field }: JudgedSpec): Cause[] {
  const count =
    (spec.volumes ?? []).filter((volume) =>
      volume.cloudInitNoCloud !== undefined || volume.cloudInitConfigDrive !== undefined
    ).length;
  if (count <= 1) return [];
  return [invalid(`${field}.volumes`, `${field}.volumes must have max one cloudInit volume set`)];
}

function oneOfAKind({ spec, field }: JudgedSpec): Cause[] {
  const kinds = [
    ["serviceAccount", "serviceAccount"],
    ["downwardMetrics", "downwardMetric"],
    ["memoryDump", "memory dump"],
  ] as const;
  return kinds.filter(([source]) =>
    (spec.volumes ?? []).filter((volume) => volume[source] !== undefined).length > 1
  ).map(([, name]) =>
    invalid(`${field}.volumes`, `${field}.volumes must have max one ${name} volume set`)
  );
}

function cloudInit(subject: JudgedSpec): Cause[] {
  return each(
    subject,
    (volume, field) =>
      CLOUD_INIT_SOURCES.filter((source) => isPresent(volume[source]))
        .flatMap((source) => validateCloudInit(volume[source], `${field}.${source}`)),
  );
}

function containerDisk(subject: JudgedSpec): Cause[] {
  return each(subject, ({ containerDisk }, field) => {
    if (containerDisk === undefined) return [];
    const where = `${field}.containerDisk`;
    const image = containerDisk.image === ""
      ? [required(`${where}.image`, `${where}.image must be set`)]
      : [];
    return [...image, ...validateImagePath(containerDisk.path, `${where}.path`)];
  });
}

function claims(subject: JudgedSpec): Cause[] {
  return each(subject, (volume, field) => {
    const { persistentVolumeClaim, dataVolume } = volume;
    const causes: Cause[] = [];
    if (persistentVolumeClaim?.claimName === "") {
      const where = `${field}.persistentVolumeClaim.claimName`;
      causes.push(required(where, `${where} must be set`));
    }
    if (dataVolume?.name === "") {
      causes.push(required(`${field}.dataVolume.name`, "DataVolume 'name' must be set"));
    }
    return causes;
  });
}

function emptyDisk(subject: JudgedSpec): Cause[] {
  return each(subject, ({ emptyDisk }, field) => {
    if (emptyDisk === undefined) return [];
    const where = `${field}.emptyDisk.capacity`;
    const capacity = bytesOf(emptyDisk.capacity);
    return capacity !== undefined && capacity > 0n
      ? []
      : [invalid(where, `${where} must be greater than 0: got ${emptyDisk.capacity}`)];
  });
}

function hostDisk(subject: JudgedSpec): Cause[] {
  return each(subject, ({ hostDisk }, field) => {
    if (hostDisk === undefined) return [];
    const where = `${field}.hostDisk`;
    const causes: Cause[] = [];
    if (!subject.cluster.featureGates.includes("HostDisk")) {
      causes.push(invalid(where, "HostDisk feature gate is not enabled"));
    }
    if (hostDisk.path === "") {
      causes.push(required(`${where}.path`, `${where}.path is required for hostDisk volume`));
    }
    if (hostDisk.type !== "Disk" && hostDisk.type !== "DiskOrCreate") {
      const message =
        `${where}.type has invalid value '${hostDisk.type}', allowed are 'Disk' or 'DiskOrCreate'`;
      causes.push(invalid(`${where}.type`, message));
    }
    if (hostDisk.type === "Disk" && hostDisk.capacity !== undefined) {
      const message =
        `${where}.capacity is allowed to pass only with ${where}.type equal to 'DiskOrCreate'`;
      causes.push(invalid(`${where}.capacity`, message));
    }
    if (hostDisk.type === "DiskOrCreate" && hostDisk.capacity === undefined) {
      causes.push(required(`${where}.capacity`, `${where}.capacity must be set with DiskOrCreate`));
    }
    return causes;
  });
}

function sysprep(subject: JudgedSpec): Cause[] {
  return each(subject, ({ sysprep }, field) => {
    if (sysprep === undefined) return [];
    const where = `${field}.sysprep`;
    if (countPresent(sysprep.configMap, sysprep.secret) === 1) return [];
    return [invalid(where, `${where} must have exactly one of configMap and secret set`)];
  });
}

/** A volume that names its object must name one. */
function references(subject: JudgedSpec): Cause[] {
  return each(subject, ({ configMap, secret, serviceAccount }, field) => {
    const missing: string[] = [];
    if (configMap !== undefined && !configMap.name) missing.push("configMap.name");
    if (secret !== undefined && !secret.secretName) missing.push("secret.secretName");
    if (serviceAccount !== undefined && !serviceAccount.serviceAccountName) {
      missing.push("serviceAccount.serviceAccountName");
    }
    return missing.map((path) =>
      invalid(`${field}.${path}`, `${field}.${path} is a required field`)
    );
  });
}

function downwardMetrics(subject: JudgedSpec): Cause[] {
  if (subject.cluster.featureGates.includes("DownwardMetrics")) return [];
  return each(subject, ({ downwardMetrics }, field) => {
    if (downwardMetrics === undefined) return [];
    const message =
      "downwardMetrics disks are not allowed: DownwardMetrics feature gate is not enabled.";
    return [invalid(field, message)];
  });
}

function bytesOf(quantity: string | number): bigint | undefined {
  try {
    return parseQuantity(quantity);
  } catch {
    return undefined;
  }
}

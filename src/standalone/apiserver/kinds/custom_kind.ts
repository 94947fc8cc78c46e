/** Kinds that a CustomResourceDefinition defines. */
import type { JsonObject } from "../../../kube/json.ts";
import { dnsSubdomain } from "../core/names.ts";
import { customResourceSchema } from "../schema/custom_resource_schema.ts";
import type { Schema } from "../schema/schema.ts";
import { jsonPath } from "./json_path.ts";
import type { Kind, ScalePaths, TableColumn } from "./kind.ts";

/** As much of a CustomResourceDefinition as is acted upon. */
export interface CustomResourceDefinition {
  spec: {
    group: string;
    scope: string;
    names: {
      kind: string;
      plural: string;
      singular?: string;
      shortNames?: readonly string[];
      categories?: readonly string[];
    };
    versions: readonly {
      name: string;
      served: boolean;
      storage: boolean;
      deprecated?: boolean;
      deprecationWarning?: string;
      additionalPrinterColumns?: readonly PrinterColumn[];
      subresources?: { status?: object; scale?: ScalePaths };
      schema: { openAPIV3Schema: Schema };
    }[];
  };
}

interface PrinterColumn {
  name: string;
  type: string;
  format?: string;
  jsonPath: string;
  description?: string;
  priority?: number;
}

const NAME_DESCRIPTION =
  "Name must be unique within a namespace. Is required when creating resources, although some resources may allow a client to request the generation of an appropriate name automatically. Name is primarily intended for creation idempotence and configuration definition. Cannot be updated. More info: https://kubernetes.io/docs/concepts/overview/working-with-objects/names#names";
const AGE_DESCRIPTION =
  "CreationTimestamp is a timestamp representing the server time when this object was created. It is not guaranteed to be set in happens-before order across separate operations. Clients may not set this value. It is represented in RFC3339 form and is in UTC.\n\nPopulated by the system. Read-only. Null for lists. More info: https://git.k8s.io/community/contributors/devel/sig-architecture/api-conventions.md#metadata";

/** The kind of a definition. Throws `TypeError` when it stores no version. */
export function customKind(definition: CustomResourceDefinition): Kind {
  const { group, scope, names, versions } = definition.spec;
  const stored = versions.find(({ storage }) => storage);
  if (stored === undefined) {
    throw new TypeError(`Cannot serve ${names.kind}: it has no storage version`);
  }
  const { subresources, additionalPrinterColumns } = stored;
  return {
    group,
    version: stored.name,
    plural: names.plural,
    kind: names.kind,
    singular: names.singular ?? names.kind.toLowerCase(),
    shortNames: names.shortNames ?? [],
    categories: names.categories ?? [],
    namespaced: scope === "Namespaced",
    custom: true,
    forms: versions.filter(({ served }) => served).map((version) => ({
      group,
      version: version.name,
      ...(version.deprecated && {
        deprecationWarning: version.deprecationWarning ??
          `${group}/${version.name} ${names.kind} is deprecated`,
      }),
      definition: () => version.schema.openAPIV3Schema,
      schema: lazily(() => customResourceSchema(version.schema.openAPIV3Schema)),
    })),
    statusSubresource: subresources?.status !== undefined,
    ...(subresources?.scale !== undefined && { scale: subresources.scale }),
    columns: [NAME_COLUMN, ...(additionalPrinterColumns?.map(columnOf) ?? [AGE_COLUMN])],
    rules: {
      meta: { namespaced: scope === "Namespaced", name: dnsSubdomain },
      generation: true,
      unconditionalUpdate: false,
    },
  };
}

/** The first column of every table. */
export const NAME_COLUMN: TableColumn = {
  name: "Name",
  type: "string",
  format: "name",
  description: NAME_DESCRIPTION,
  priority: 0,
  cell: (object) => (object.metadata as JsonObject | undefined)?.name ?? "",
};

/** Age of an object. */
export const AGE_COLUMN: TableColumn = {
  name: "Age",
  type: "date",
  description: AGE_DESCRIPTION,
  priority: 0,
  cell: (object) => (object.metadata as JsonObject | undefined)?.creationTimestamp,
};

function columnOf(column: PrinterColumn): TableColumn {
  const { name, type, format, description, priority = 0 } = column;
  return {
    name,
    type: type as TableColumn["type"],
    ...(format === undefined ? {} : { format }),
    description: description ||
      `Custom resource definition column (in JSONPath format): ${column.jsonPath}`,
    priority,
    cell: jsonPath(column.jsonPath),
  };
}

/** Schemas are large: what nobody asks for is not made. */
function lazily<T>(make: () => T): () => T {
  let made: T | undefined;
  return () => made ??= make();
}

/**
 * The suite of API behaviour: what a Kubernetes API server does with our kinds and with those that guests need, seen through
 * HTTP. It runs against a real kube-apiserver and against any other server that claims to be one, without webhooks on either
 * side, and answers are compared field by field. Case by case, in a namespace of its own each.
 */
import type { ApiCase } from "./api_suite/api_case.ts";
import { APPLYING_CASES } from "./api_suite/applying_cases.ts";
import { CREATION_CASES } from "./api_suite/creation_cases.ts";
import { DELETING_CASES } from "./api_suite/deleting_cases.ts";
import { DISCOVERY_CASES } from "./api_suite/discovery_cases.ts";
import { KIND_CASES } from "./api_suite/kind_cases.ts";
import { LISTING_CASES } from "./api_suite/listing_cases.ts";
import { PATCHING_CASES } from "./api_suite/patching_cases.ts";
import { READING_CASES } from "./api_suite/reading_cases.ts";
import { SERVICE_CASES } from "./api_suite/service_cases.ts";
import { UPDATING_CASES } from "./api_suite/updating_cases.ts";
import { WATCHING_CASES } from "./api_suite/watching_cases.ts";

export const API_CASES: readonly ApiCase[] = [
  ...CREATION_CASES,
  ...READING_CASES,
  ...LISTING_CASES,
  ...WATCHING_CASES,
  ...UPDATING_CASES,
  ...PATCHING_CASES,
  ...APPLYING_CASES,
  ...DELETING_CASES,
  ...KIND_CASES,
  ...SERVICE_CASES,
  ...DISCOVERY_CASES,
];

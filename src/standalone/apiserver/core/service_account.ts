/** ServiceAccount. */
import type { CoreKind } from "./core_kind.ts";
import { dnsSubdomain } from "./names.ts";

export const SERVICE_ACCOUNT: CoreKind = {
  meta: { namespaced: true, name: dnsSubdomain, again: true },
};

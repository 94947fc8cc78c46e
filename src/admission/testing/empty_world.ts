/** What admission looks up where nothing else is there: an object that refers to nothing. */
import type { AdmissionContext } from "../webhooks.ts";

export const EMPTY_WORLD: Pick<AdmissionContext, "lookups" | "sizes"> = {
  lookups: {
    presetsIn: () => [],
    instance: () => Promise.resolve(undefined),
    migrationsOf: () => [],
    workloads: () => 0,
  },
  sizes: { find: () => Promise.resolve({}), infer: () => Promise.resolve({}) },
};

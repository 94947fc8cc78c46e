import { testDecisionCases } from "../testing/decision_cases.ts";
import { decideKubeVirt } from "./decide.ts";
import type { KubeVirtWorld } from "./world.ts";

testDecisionCases<KubeVirtWorld>({ url: import.meta.url, decide: decideKubeVirt });

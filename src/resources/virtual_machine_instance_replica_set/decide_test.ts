import { testDecisionCases } from "../testing/decision_cases.ts";
import { decideReplicaSet } from "./decide.ts";
import type { ReplicaSetWorld } from "./world.ts";

testDecisionCases<ReplicaSetWorld>({ url: import.meta.url, decide: decideReplicaSet });

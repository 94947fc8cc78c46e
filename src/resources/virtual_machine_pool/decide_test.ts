import { testDecisionCases } from "../testing/decision_cases.ts";
import { decidePool } from "./decide.ts";
import type { PoolWorld } from "./world.ts";

testDecisionCases<PoolWorld>({ url: import.meta.url, decide: decidePool });

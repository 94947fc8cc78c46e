import { testDecisionCases } from "../testing/decision_cases.ts";
import { decideNode } from "./decide.ts";
import type { NodeWorld } from "./world.ts";

testDecisionCases<NodeWorld>({ url: import.meta.url, decide: decideNode });

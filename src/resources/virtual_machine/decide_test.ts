import { testDecisionCases } from "../testing/decision_cases.ts";
import { decideVirtualMachine } from "./decide.ts";
import type { VirtualMachineWorld } from "./world.ts";

testDecisionCases<VirtualMachineWorld>({ url: import.meta.url, decide: decideVirtualMachine });

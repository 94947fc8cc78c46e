import { testDecisionCases } from "../testing/decision_cases.ts";
import { decideMigration } from "./decide.ts";
import type { MigrationWorld } from "./world.ts";

testDecisionCases<MigrationWorld>({ url: import.meta.url, decide: decideMigration });

import { testDecisionCases } from "../../../resources/testing/decision_cases.ts";
import { decideServices } from "./decide.ts";
import type { ServicesWorld } from "./world.ts";

testDecisionCases<ServicesWorld>({
  url: import.meta.url,
  decide: (world) => decideServices(world, { bridge: "denovirt0" }),
});

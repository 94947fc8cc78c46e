import type { KubeVirt } from "../../api/kubevirt.ts";
import { effectiveConfiguration } from "../kubevirt/configuration.ts";
import { testDecisionCases } from "../testing/decision_cases.ts";
import { decideVirtualMachineInstance } from "./decide.ts";
import type { VirtualMachineInstanceWorld } from "./world.ts";

type DerivedOrEmpty = "configuration" | "envelopeImage" | "pods" | "claims";

/** The configuration is derived, and holds a function: a case gives the object that it is derived from. */
type GivenWorld = Omit<VirtualMachineInstanceWorld, DerivedOrEmpty> & {
  pods?: VirtualMachineInstanceWorld["pods"];
  claims?: VirtualMachineInstanceWorld["claims"];
  kubevirt?: KubeVirt;
};

testDecisionCases<GivenWorld>({
  url: import.meta.url,
  decide: ({ kubevirt, ...given }) =>
    decideVirtualMachineInstance({
      pods: [],
      claims: [],
      ...given,
      configuration: effectiveConfiguration(kubevirt),
      envelopeImage: "registry.example/envelope:1",
    }),
});

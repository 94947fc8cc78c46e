/** The controllers' lifecycle suite on a real API server, whose kubeconfig is in DENOVIRT_TEST_KUBECONFIG, and on the embedded one. */
import { testLifecycle } from "../../src/resources/testing/lifecycle_suite.ts";
import { STAGES } from "./stages.ts";

for (const stage of STAGES) testLifecycle(stage);

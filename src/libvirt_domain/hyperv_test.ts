import { configureHyperv } from "./hyperv.ts";
import { testConfigurator } from "./testing/domain_input.ts";

testConfigurator("configureHyperv", configureHyperv, [
  ["adds nothing without a word", {}, []],
  ["takes enlightenments", {
    domain: {
      features: {
        hyperv: {
          relaxed: {},
          vapic: { enabled: false },
          spinlocks: { spinlocks: 8191 },
          vendorid: { vendorid: "me" },
          synictimer: { direct: {} },
        },
      },
    },
  }, [
    '<hyperv><relaxed state="on"/><vapic state="off"/><spinlocks state="on" retries="8191"/>' +
    '<stimer state="on"><direct state="on"/></stimer><vendor_id state="on" value="me"/></hyperv>',
  ]],
  ["refuses them under emulation", {
    domain: { features: { hyperv: { relaxed: {} } } },
    facts: { emulated: true },
  }, ["refused: spec.domain.features.hyperv"]],
]);

import { configureFeatures } from "./features.ts";
import { testConfigurator } from "./testing/domain_input.ts";

testConfigurator("configureFeatures", configureFeatures, [
  ["switches ACPI and APIC on", {}, ["<acpi/>", "<apic/>"]],
  ["switches ACPI off when asked", { domain: { features: { acpi: { enabled: false } } } }, [
    "<apic/>",
  ]],
  ["takes each switch", {
    domain: {
      features: {
        apic: { endOfInterrupt: true },
        smm: {},
        pvspinlock: { enabled: false },
        kvm: { hidden: true },
      },
    },
  }, [
    "<acpi/>",
    '<apic eoi="on"/>',
    '<smm state="on"/>',
    '<pvspinlock state="off"/>',
    '<kvm><hidden state="on"/></kvm>',
  ]],
  ["keeps the translation cache of a small guest small", { facts: { emulated: true } }, [
    "<acpi/>",
    "<apic/>",
    '<tcg><tb-cache unit="MiB">16</tb-cache></tcg>',
  ]],
  ["gives a larger guest a larger translation cache", {
    domain: { memory: { guest: "1Gi" } },
    facts: { emulated: true },
  }, ["<acpi/>", "<apic/>", '<tcg><tb-cache unit="MiB">64</tb-cache></tcg>']],
]);

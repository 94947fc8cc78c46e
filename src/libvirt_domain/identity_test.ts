import { configureIdentity } from "./identity.ts";
import { testConfigurator } from "./testing/domain_input.ts";

testConfigurator("configureIdentity", configureIdentity, [
  ["names the VMI it belongs to", {
    spec: { terminationGracePeriodSeconds: 0 },
    domain: { firmware: { uuid: "0d2a2a4e-6f5c-4b8e-9a6b-000000000000" } },
  }, [
    "<name>default_small</name>",
    "<uuid>0d2a2a4e-6f5c-4b8e-9a6b-000000000000</uuid>",
    '<metadata><kubevirt xmlns="http://kubevirt.io">' +
    "<uid>5a5a5a5a-0000-4000-8000-000000000001</uid><graceperiod>" +
    "<deletionGracePeriodSeconds>0</deletionGracePeriodSeconds></graceperiod></kubevirt></metadata>",
  ]],
]);

import { configureSysinfo } from "./sysinfo.ts";
import { testConfigurator } from "./testing/domain_input.ts";

testConfigurator("configureSysinfo", configureSysinfo, [
  ["tells serial and chassis", {
    domain: { firmware: { uuid: "u", serial: "s" }, chassis: { asset: "a", sku: "" } },
  }, [
    '<sysinfo type="smbios"><system><entry name="manufacturer">KubeVirt</entry>' +
    '<entry name="product">None</entry><entry name="uuid">u</entry><entry name="serial">s</entry>' +
    '<entry name="family">KubeVirt</entry></system>' +
    '<chassis><entry name="asset">a</entry></chassis></sysinfo>',
  ]],
]);

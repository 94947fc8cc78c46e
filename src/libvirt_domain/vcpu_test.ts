import { configureVcpu } from "./vcpu.ts";
import { testConfigurator } from "./testing/domain_input.ts";

testConfigurator("configureVcpu", configureVcpu, [
  ["is one without a word", {}, ['<vcpu placement="static">1</vcpu>']],
  ["multiplies the topology", { domain: { cpu: { sockets: 2, cores: 3, threads: 2 } } }, [
    '<vcpu placement="static">12</vcpu>',
  ]],
  ["leaves room up to maxSockets", { domain: { cpu: { sockets: 1, cores: 2, maxSockets: 4 } } }, [
    '<vcpu placement="static" current="2">8</vcpu>',
  ]],
]);

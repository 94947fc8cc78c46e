import assert from "node:assert/strict";
import { type ContainerAmounts, type QosClass, qosClass } from "./quality_of_service.ts";

type Amounts = NonNullable<ContainerAmounts["resources"]>;
const limited = (limits: Amounts["limits"], requests?: Amounts["requests"]): ContainerAmounts => ({
  resources: { limits, requests },
});
const requesting = (requests: Amounts["requests"]): ContainerAmounts => ({
  resources: { requests },
});
const ALL = limited({ cpu: 1, memory: "1Gi" }, { cpu: 1, memory: "1Gi" });

interface Case {
  name: string;
  containers: ContainerAmounts[];
  initContainers?: ContainerAmounts[];
  is: QosClass;
}
const CASES: Case[] = [
  { name: "nothing is named", containers: [{}, { resources: {} }], is: "BestEffort" },
  { name: "there is no container", containers: [], is: "BestEffort" },
  {
    name: "only other resources are named",
    containers: [limited({ "example.com/kvm": 1, "ephemeral-storage": "1Gi" })],
    is: "BestEffort",
  },
  {
    name: "amounts are zero",
    containers: [limited({ cpu: 0, memory: "0Mi" }, { cpu: "0m" })],
    is: "BestEffort",
  },
  { name: "limits are requests", containers: [ALL, ALL], is: "Guaranteed" },
  {
    name: "limits are requests in other words",
    containers: [limited({ cpu: "1", memory: "1Gi" }, { cpu: "1000m", memory: "1024Mi" })],
    is: "Guaranteed",
  },
  {
    name: "there are limits without requests",
    containers: [limited({ cpu: "500m", memory: "1Gi" })],
    is: "Guaranteed",
  },
  {
    name: "other resources differ",
    containers: [limited(
      { cpu: 1, memory: "1Gi", "ephemeral-storage": "2Gi" },
      { cpu: 1, memory: "1Gi", "ephemeral-storage": "1Gi" },
    )],
    is: "Guaranteed",
  },
  {
    name: "amounts are beyond what a number holds",
    containers: [limited({ cpu: 1, memory: "8Ei" }, { cpu: 1, memory: "8192Pi" })],
    is: "Guaranteed",
  },
  {
    name: "an init container has limits too",
    containers: [ALL],
    initContainers: [ALL],
    is: "Guaranteed",
  },
  {
    name: "an init container has none",
    containers: [ALL],
    initContainers: [{}],
    is: "Burstable",
  },
  {
    name: "only an init container has any",
    containers: [{}],
    initContainers: [requesting({ cpu: "10m" })],
    is: "Burstable",
  },
  { name: "one container has none", containers: [ALL, {}], is: "Burstable" },
  { name: "there are only requests", containers: [requesting({ memory: "1Gi" })], is: "Burstable" },
  { name: "only CPU is limited", containers: [limited({ cpu: 1 })], is: "Burstable" },
  {
    name: "a request is below its limit",
    containers: [limited({ cpu: 1, memory: "1Gi" }, { cpu: 1, memory: "1023Mi" })],
    is: "Burstable",
  },
  {
    name: "a decimal unit is taken for a binary one",
    containers: [limited({ cpu: 1, memory: "1Gi" }, { cpu: 1, memory: "1G" })],
    is: "Burstable",
  },
  {
    name: "a limit cannot be read",
    containers: [limited({ cpu: "some", memory: "1Gi" })],
    is: "Burstable",
  },
];

for (const { name, is, ...pod } of CASES) {
  Deno.test(`qosClass() is ${is} where ${name}`, () => {
    assert.equal(qosClass(pod), is);
  });
}

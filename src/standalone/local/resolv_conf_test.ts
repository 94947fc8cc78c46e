import assert from "node:assert/strict";
import type { Pod, PodSpec } from "../../resources/core_objects.ts";
import { parseResolvConf } from "../../node/network/resolv_conf.ts";
import { reachableByPods, renderResolvConf } from "./resolv_conf.ts";

const OF_MACHINE = parseResolvConf(`# made by somebody
nameserver 192.0.2.1
domain old.example
search  corp.example lab.example
options edns0
`);
const NAME_SERVER = "10.213.0.1";

function pod(spec: Partial<PodSpec>): Pod {
  return {
    apiVersion: "v1",
    kind: "Pod",
    metadata: { namespace: "shop", name: "p", uid: "p" },
    spec: { containers: [], ...spec },
  } as unknown as Pod;
}

const DNS_CONFIG = {
  nameservers: ["192.0.2.9", "10.213.0.1"],
  searches: ["own.example", "line\nbreak"],
  options: [{ name: "ndots", value: "1" }, { name: "edns0" }],
};

const CASES: [
  what: string,
  spec: Partial<PodSpec>,
  nameServer: string | undefined,
  text: string,
][] = [
  [
    "asks the name server of guests",
    {},
    NAME_SERVER,
    `nameserver 10.213.0.1
search shop.svc.cluster.local svc.cluster.local cluster.local corp.example lab.example
options ndots:5
`,
  ],
  [
    "adds what the pod says, each once",
    { dnsPolicy: "ClusterFirst", dnsConfig: DNS_CONFIG },
    NAME_SERVER,
    `nameserver 10.213.0.1
nameserver 192.0.2.9
search shop.svc.cluster.local svc.cluster.local cluster.local corp.example lab.example own.example
options ndots:1 edns0
`,
  ],
  [
    "asks the machine's where there is none",
    {},
    undefined,
    "nameserver 192.0.2.1\nsearch corp.example lab.example\n",
  ],
  [
    "asks the machine's where the pod wants them",
    { dnsPolicy: "Default" },
    NAME_SERVER,
    "nameserver 192.0.2.1\nsearch corp.example lab.example\n",
  ],
  [
    "asks whom the pod says alone",
    { dnsPolicy: "None", dnsConfig: DNS_CONFIG },
    NAME_SERVER,
    "nameserver 192.0.2.9\nnameserver 10.213.0.1\nsearch own.example\noptions ndots:1 edns0\n",
  ],
];

for (const [what, spec, nameServer, text] of CASES) {
  Deno.test(`renderResolvConf() ${what}`, () => {
    assert.equal(renderResolvConf(pod(spec), OF_MACHINE, nameServer), text);
  });
}

Deno.test("reachableByPods() leaves out what answers on loopback alone", () => {
  const text = "nameserver 127.0.0.53\nnameserver 192.0.2.1\n";
  assert.deepEqual(reachableByPods(parseResolvConf(text)).nameservers, ["192.0.2.1"]);
});

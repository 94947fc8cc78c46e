import { testHypervisor } from "../contract_suite.ts";
import { FakeHypervisor, FakeNode } from "./fake_hypervisor.ts";

testHypervisor("fake", {
  skip: {
    "inspect() adopts a guest whose domain process died": "the fake has no processes",
    "forget() ends every process of the domain": "the fake has no processes",
  },
  create() {
    const node = new FakeNode();
    let current = new FakeHypervisor({ node });
    return Promise.resolve({
      hypervisor: () => current,
      replaceHypervisor: async () => {
        await current[Symbol.asyncDispose]();
        current = new FakeHypervisor({ node });
      },
      spec: () => ({
        uid: crypto.randomUUID(),
        xml: "<domain/>",
        envelopePid: 2,
        mounts: [],
        overlays: [],
        dhcp: [],
        paused: false,
      }),
      killDomainProcess: () => Promise.reject(new Error("the fake has no processes")),
      killEverything: (uid) => Promise.resolve(current.kill(uid)),
      processesOf: () => Promise.resolve([]),
      [Symbol.asyncDispose]: () => current[Symbol.asyncDispose](),
    });
  },
});

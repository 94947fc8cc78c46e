import assert from "node:assert/strict";
import { runCommand } from "../toolchain/run_command.ts";
import { clusterTest } from "./test_bed.ts";
import type { PodObject } from "./virtual_machine.ts";

const GROUP = "/apis/subresources.kubevirt.io";

clusterTest(
  "the installation serves KubeVirt's API and trusts only the front proxy",
  async (bed) => {
    const { cluster, api, step } = bed;

    await step("every node takes part", async () => {
      const nodes = await cluster.kubectl([
        "get",
        "nodes",
        "-l",
        "kubevirt.io/schedulable=true",
        "-o",
        "jsonpath={.items[*].metadata.name}",
      ]);
      assert.deepEqual(nodes.split(" "), cluster.nodes.map(({ name }) => name));
    });

    await step("the KubeVirt object says that it is deployed", async () => {
      await cluster.kubectl([
        "wait",
        "-n",
        "kubevirt",
        "kubevirt/kubevirt",
        "--for=jsonpath={.status.phase}=Deployed",
        "--timeout=60s",
      ]);
    });

    await step("the aggregated API tells what it has", async () => {
      for (const version of ["v1", "v1alpha3"]) {
        const list = await api.get<{ resources: { name: string }[] }>(`${GROUP}/${version}`);
        const names = list?.resources.map(({ name }) => name) ?? [];
        for (const verb of ["start", "stop", "restart"]) {
          assert.ok(names.includes(`virtualmachines/${verb}`), `${version}: ${names}`);
        }
        for (const verb of ["console", "pause", "unpause"]) {
          assert.ok(names.includes(`virtualmachineinstances/${verb}`), `${version}: ${names}`);
        }
        const answer = await api.get<{ gitVersion: string }>(`${GROUP}/${version}/version`);
        assert.match(answer?.gitVersion ?? "", /^v\d+\.\d+\.\d+/);
        assert.ok(await api.get(`${GROUP}/${version}/healthz`));
      }
    });

    await step("a user without rights is refused", async () => {
      const path = `${GROUP}/v1/namespaces/default/virtualmachineinstances/any/console`;
      await assert.rejects(
        cluster.kubectl(["--as=nobody", "get", "--raw", path]),
        /Forbidden|Unauthorized|provide credentials|not allowed|cannot/i,
      );
    });

    await step(
      "a caller who is not the front proxy is refused, whatever he says he is",
      async () => {
        const pods = await api.get<{ items: PodObject[] }>(
          "/api/v1/namespaces/kubevirt/pods?labelSelector=kubevirt.io%3Ddenovirt-controller",
        );
        assert.equal(pods?.items.length, 2);
        for (const pod of pods?.items ?? []) {
          const url =
            `https://${pod.status?.podIP}:8443${GROUP}/v1/namespaces/default/virtualmachines/any/start`;
          const identity = ["-H", "X-Remote-User: admin", "-H", "X-Remote-Group: system:masters"];
          const outcome = await runCommand(
            [
              "curl",
              "-sk",
              "-m",
              "10",
              "-o",
              "/dev/null",
              "-w",
              "%{http_code}",
              "-X",
              "PUT",
              ...identity,
              url,
            ],
          ).catch((error: Error) => error.message);
          assert.match(outcome, /^40[13]$|exit code (35|56)/);
        }
      },
    );

    await step("the samples' objects are explained", async () => {
      assert.match(await cluster.kubectl(["explain", "vm.spec.runStrategy"]), /FIELD: runStrategy/);
    });
  },
);

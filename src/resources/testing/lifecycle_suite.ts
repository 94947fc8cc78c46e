/** What a VM goes through, told to the controllers through an API server; the same on the in-memory one and a real one. */
import assert from "node:assert/strict";
import {
  VIRTUAL_MACHINE_INSTANCE_REPLICA_SETS,
  VIRTUAL_MACHINE_INSTANCES,
  VIRTUAL_MACHINE_INSTANCETYPES,
  VIRTUAL_MACHINE_POOLS,
  VIRTUAL_MACHINES,
} from "../../api/registry.ts";
import type { VirtualMachineSpec } from "../../api/virtual_machine.ts";
import type { VirtualMachineInstance } from "../../api/virtual_machine_instance.ts";
import { CONTROLLER_REVISIONS } from "../../kube/core_resources.ts";
import { eventually } from "../../runtime/testing/eventually.ts";
import { findCondition } from "../condition.ts";
import {
  type Change,
  pool,
  replicaSet,
  SCHEDULED_BY_TEST,
  vm,
  vmi,
  withMetadata,
  withSpec,
} from "./builders.ts";
import { Stage, type StageSubject } from "./stage.ts";

export interface LifecycleSuiteOptions {
  /** "on the in-memory API server" */
  where: string;
  ignore?: boolean;
  open(): Promise<StageSubject>;
}

function machine(spec: Partial<VirtualMachineSpec>) {
  const made = vm(withMetadata({ name: "web", finalizers: [] }));
  const template = { spec: instance().spec };
  return { ...made, spec: { ...made.spec, template, ...spec } };
}

function machineTemplate(domain: Partial<VirtualMachineInstance["spec"]["domain"]> = {}) {
  const labels = { app: "web" };
  const { spec } = instance();
  return {
    metadata: { labels },
    spec: {
      runStrategy: "Always",
      template: { metadata: { labels }, spec: { ...spec, domain: { ...spec.domain, ...domain } } },
    },
  };
}

function instance(...changes: Change<VirtualMachineInstance>[]) {
  return vmi(withSpec({ schedulerName: SCHEDULED_BY_TEST }), ...changes);
}

/** Without a size of its own. */
function sizedMachine(spec: Partial<VirtualMachineSpec>) {
  const { domain: { memory: _, ...domain }, ...guest } = instance().spec;
  return machine({ ...spec, template: { spec: { ...guest, domain } } });
}

function sizeOf({ spec: { domain } }: VirtualMachineInstance) {
  return { sockets: domain.cpu?.sockets, guest: domain.memory?.guest };
}

/** The next instance, running, after one that powered off. */
async function restart(
  stage: Stage,
  before: VirtualMachineInstance,
): Promise<VirtualMachineInstance> {
  await stage.end("web", "Succeeded");
  await stage.until("another instance", () => {
    const next = stage.vmi("web");
    return next !== undefined && next.metadata.uid !== before.metadata.uid && next;
  });
  const { vmi } = await stage.run("web");
  return vmi;
}

/** But for those that only a slow server makes necessary: what goes on is told when it takes a second. */
async function lastingWrites(stage: Stage): Promise<string[]> {
  const passing = ["patch virtualmachines Starting", "patch virtualmachines Terminating"];
  const writes = await stage.acceptedWrites();
  return writes.filter((write) => !passing.includes(write)).sort();
}

export function testLifecycle({ where, ignore = false, open }: LifecycleSuiteOptions): void {
  const test = (name: string, play: (stage: Stage) => Promise<void>) =>
    Deno.test({
      name: `controllers: ${name}, ${where}`,
      ignore,
      fn: async () => {
        await using stage = new Stage(await open());
        await play(stage);
      },
    });

  test("a VM is started, runs, is deleted and leaves nothing", async (stage) => {
    await stage.createVm(machine({ runStrategy: "Always" }));
    await stage.untilStatus("web", "Starting");
    const { vmi } = await stage.run("web");
    const running = await stage.untilStatus("web", "Running");
    assert.equal(running.status?.ready, true);
    assert.equal(running.status?.created, true);
    assert.equal(vmi.status?.nodeName, "node-1");
    assert.equal(vmi.metadata.labels?.["kubevirt.io/nodeName"], "node-1");
    assert.deepEqual(
      vmi.status?.phaseTransitionTimestamps?.map(({ phase }) => phase),
      ["Scheduling", "Scheduled", "Running"],
    );
    await stage.client.delete(VIRTUAL_MACHINES, stage.key("web"));
    await stage.untilStatus("web", "Terminating");
    await stage.until("the VMI to be deleted", () => stage.vmi("web")?.metadata.deletionTimestamp);
    await stage.end("web", "Succeeded");
    await stage.until("VMI and VM to go", () => !stage.vmi("web") && !stage.vm("web"));
  });

  test("a start and stop cost few writes", async (stage) => {
    const made = machine({ runStrategy: "Always" });
    const finalizers = ["kubevirt.io/virtualMachineControllerFinalize"];
    await stage.createVm({ ...made, metadata: { ...made.metadata, finalizers } });
    await stage.run("web");
    await stage.untilStatus("web", "Running");
    assert.deepEqual(await lastingWrites(stage), [
      "create controllerrevisions",
      "create pods",
      "create virtualmachineinstances",
      "patch virtualmachineinstances Scheduled",
      "patch virtualmachineinstances Scheduling", // no webhook here: with the finalizer
      "patch virtualmachines Running",
    ]);
    stage.forgetWrites();
    await stage.client.delete(VIRTUAL_MACHINES, stage.key("web"));
    await stage.until("the VMI to be deleted", () => stage.vmi("web")?.metadata.deletionTimestamp);
    await stage.end("web", "Succeeded");
    await stage.until("VMI and VM to go", () => !stage.vmi("web") && !stage.vm("web"));
    assert.deepEqual(await lastingWrites(stage), [
      "delete virtualmachineinstances",
      "patch virtualmachineinstances", // finalizer
      "patch virtualmachines", // finalizer
    ]);
  });

  test("a pod that is up at once makes an instance Scheduled in one write", async (stage) => {
    const finalizers = ["kubevirt.io/foregroundDeleteVirtualMachine"];
    await stage.createVmi(instance(withMetadata({ finalizers })));
    const { vmi } = await stage.run("web");
    assert.deepEqual(
      vmi.status?.phaseTransitionTimestamps?.map(({ phase }) => phase),
      ["Scheduling", "Scheduled", "Running"],
    );
  });

  test("an instance whose pod is not up soon is shown as Scheduling", async (stage) => {
    const finalizers = ["kubevirt.io/foregroundDeleteVirtualMachine"];
    await stage.createVmi(instance(withMetadata({ finalizers })));
    await stage.untilPhase("web", "Scheduling");
    assert.deepEqual(await stage.acceptedWrites(), [
      "create pods",
      "patch virtualmachineinstances Scheduling",
    ]);
  });

  test("Always brings a guest back that powered off", async (stage) => {
    await stage.createVm(machine({ runStrategy: "Always" }));
    const { vmi: first } = await stage.run("web");
    await stage.untilStatus("web", "Running");
    await stage.end("web", "Succeeded");
    await stage.until("another instance", () => {
      const next = stage.vmi("web");
      return next !== undefined && next.metadata.uid !== first.metadata.uid && next;
    });
    await stage.run("web");
    await stage.untilStatus("web", "Running");
  });

  test("RerunOnFailure brings back what failed and leaves what was shut down", async (stage) => {
    await stage.createVm(machine({ runStrategy: "RerunOnFailure" }));
    const { vmi: first } = await stage.run("web");
    await stage.untilStatus("web", "Running");
    await stage.end("web", "Failed");
    await stage.until("another instance", () => {
      const next = stage.vmi("web");
      return next !== undefined && next.metadata.uid !== first.metadata.uid && next;
    });
    await stage.run("web");
    await stage.untilStatus("web", "Running");
    await stage.end("web", "Succeeded");
    await stage.until("no instance", () => stage.vmi("web") === undefined);
    const stopped = await stage.untilStatus("web", "Stopped");
    assert.deepEqual(stopped.status?.stateChangeRequests ?? [], []);
  });

  test("a VM keeps its instancetype as it was first used, until its status names no copy", async (stage) => {
    await stage.createInstancetype("small", { cpu: { guest: 2 }, memory: { guest: "128Mi" } });
    const instancetype = { name: "small", kind: "VirtualMachineInstancetype" };
    await stage.createVm(sizedMachine({ runStrategy: "Always", instancetype }));
    const { vmi: first } = await stage.run("web");
    assert.deepEqual(sizeOf(first), { sockets: 2, guest: "128Mi" });
    assert.equal(first.metadata.annotations?.["kubevirt.io/instancetype-name"], "small");
    const running = await stage.untilStatus("web", "Running");
    const copy = running.status?.instancetypeRef?.controllerRevisionRef?.name;
    assert.match(copy ?? "", /^web-small-v1beta1-/);
    await stage.client.patch(VIRTUAL_MACHINE_INSTANCETYPES, stage.key("small"), {
      spec: { cpu: { guest: 4 }, memory: { guest: "256Mi" } },
    });
    const again = await restart(stage, first);
    assert.deepEqual(sizeOf(again), { sockets: 2, guest: "128Mi" });
    assert.equal(
      (await stage.acceptedWrites()).filter((write) => /controllerrev/.test(write)).length,
      2,
    );
    await stage.untilStatus("web", "Running");
    const cleared = { status: { instancetypeRef: null } };
    await stage.client.patch(VIRTUAL_MACHINES, stage.key("web"), cleared, {
      subresource: "status",
    });
    const outdated = await stage.until(
      "RestartRequired",
      () => findCondition(stage.vm("web")?.status?.conditions, "RestartRequired"),
    );
    assert.match(outdated.message ?? "", /spec\.instancetype/);
    const resized = await restart(stage, again);
    assert.deepEqual(sizeOf(resized), { sockets: 4, guest: "256Mi" });
    const restarted = await stage.until("no RestartRequired", () => {
      const vm = stage.vm("web");
      return findCondition(vm?.status?.conditions, "RestartRequired") === undefined && vm;
    });
    assert.notEqual(restarted.status?.instancetypeRef?.controllerRevisionRef?.name, copy);
  });

  test("a VM waits for an instancetype that is not there", async (stage) => {
    const instancetype = { name: "small", kind: "VirtualMachineInstancetype" };
    await stage.createVm(sizedMachine({ runStrategy: "Always", instancetype }));
    const failure = await stage.until(
      "Failure",
      () => findCondition(stage.vm("web")?.status?.conditions, "Failure"),
    );
    assert.equal(failure.reason, "FailedFindInstancetype");
    await stage.createInstancetype("small", { cpu: { guest: 1 }, memory: { guest: "128Mi" } });
    const { vmi } = await stage.run("web");
    assert.deepEqual(sizeOf(vmi), { sockets: 1, guest: "128Mi" });
  });

  test("Manual waits for a start request, which can ask for a paused guest", async (stage) => {
    await stage.createVm(machine({ runStrategy: "Manual" }));
    await stage.untilStatus("web", "Stopped");
    assert.equal(stage.vmi("web"), undefined);
    const stateChangeRequests = [{ action: "Start", data: { paused: "true" } }];
    await stage.client.patch(
      VIRTUAL_MACHINES,
      stage.key("web"),
      { status: { stateChangeRequests } },
      { subresource: "status" },
    );
    const { vmi } = await stage.run("web");
    assert.equal(vmi.spec.startStrategy, "Paused");
    await stage.until("the request to be fulfilled", () => {
      const { stateChangeRequests = [] } = stage.vm("web")?.status ?? {};
      return stateChangeRequests.length === 0;
    });
  });

  test("a restart request stops the instance it names and starts another", async (stage) => {
    await stage.createVm(machine({ runStrategy: "Always" }));
    const { vmi: first } = await stage.run("web");
    const { uid } = first.metadata;
    const stateChangeRequests = [{ action: "Stop", uid }, { action: "Start" }];
    await stage.untilStatus("web", "Running");
    await stage.client.patch(
      VIRTUAL_MACHINES,
      stage.key("web"),
      { status: { stateChangeRequests } },
      { subresource: "status" },
    );
    await stage.untilStatus("web", "Stopping");
    await stage.end("web", "Succeeded");
    await stage.until("another instance", () => {
      const next = stage.vmi("web");
      return next !== undefined && next.metadata.uid !== uid && next;
    });
    await stage.until("the requests to be fulfilled", () => {
      const { stateChangeRequests = [] } = stage.vm("web")?.status ?? {};
      return stateChangeRequests.length === 0;
    });
  });

  test("Halted stops a VM, and a change of its template is in the next instance", async (stage) => {
    await stage.createVm(machine({ runStrategy: "Always" }));
    await stage.run("web");
    await stage.untilStatus("web", "Running");
    const halt = { spec: { runStrategy: "Halted" } };
    await stage.client.patch(VIRTUAL_MACHINES, stage.key("web"), halt);
    await stage.untilStatus("web", "Stopping");
    await stage.end("web", "Succeeded");
    await stage.untilStatus("web", "Stopped");
    const change = {
      spec: {
        runStrategy: "Always",
        template: { spec: { domain: { memory: { guest: "1Gi" } } } },
      },
    };
    await stage.client.patch(VIRTUAL_MACHINES, stage.key("web"), change);
    const { vmi } = await stage.run("web");
    assert.equal(vmi.spec.domain.memory?.guest, "1Gi");
    const vm = await stage.untilStatus("web", "Running");
    assert.equal(findCondition(vm.status?.conditions, "RestartRequired"), undefined);
  });

  test("a change of the template of a running VM asks for a restart", async (stage) => {
    await stage.createVm(machine({ runStrategy: "Always" }));
    await stage.run("web");
    await stage.untilStatus("web", "Running");
    const guest = (quantity: string) => ({
      spec: { template: { spec: { domain: { memory: { guest: quantity } } } } },
    });
    await stage.client.patch(VIRTUAL_MACHINES, stage.key("web"), guest("1Gi"));
    const asked = await stage.until(
      "RestartRequired",
      () => findCondition(stage.vm("web")?.status?.conditions, "RestartRequired"),
    );
    assert.match(asked.message ?? "", /spec\.template\.spec\.domain\.memory\.guest/);
    await stage.client.patch(VIRTUAL_MACHINES, stage.key("web"), guest("512Mi"));
    await stage.until(
      "no RestartRequired",
      () => findCondition(stage.vm("web")?.status?.conditions, "RestartRequired") === undefined,
    );
  });

  test("a VM whose pods fail goes into back-off", async (stage) => {
    await stage.createVm(machine({ runStrategy: "Always" }));
    const pod = await stage.untilPod("web");
    await stage.patchPodStatus(pod, { phase: "Failed", reason: "OutOfmemory" });
    const vm = await stage.untilStatus("web", "CrashLoopBackOff");
    assert.equal(vm.status?.startFailure?.consecutiveFailCount, 1);
    await stage.until("no instance", () => stage.vmi("web") === undefined);
  });

  test("a VM that uses what is not served yet is not started, and says so", async (stage) => {
    await stage.createVm(machine({
      runStrategy: "Always",
      dataVolumeTemplates: [{ metadata: { name: "root" }, spec: {} }],
    }));
    const failure = await stage.until(
      "Failure",
      () => findCondition(stage.vm("web")?.status?.conditions, "Failure"),
    );
    assert.match(failure.message ?? "", /spec\.dataVolumeTemplates/);
    assert.equal(stage.vmi("web"), undefined);
  });

  test("an instance that nobody owns is adopted by its VM", async (stage) => {
    await stage.createVmi(instance());
    await stage.untilPod("web");
    await stage.createVm(machine({ runStrategy: "Always" }));
    const vm = await stage.untilStatus("web", "Starting");
    const adopted = await stage.until("an owner", () => {
      const found = stage.vmi("web");
      return found?.metadata.ownerReferences?.some(({ uid }) => uid === vm.metadata.uid) && found;
    });
    assert.equal(adopted.status?.phase, "Scheduling");
  });

  test("an image that cannot be pulled is shown on VMI and VM", async (stage) => {
    const volumes = [{ name: "root", containerDisk: { image: "registry.example/none:1" } }];
    const made = machine({ runStrategy: "Always" });
    const spec = instance(withSpec({ volumes })).spec;
    await stage.createVm({ ...made, spec: { ...made.spec, template: { spec } } });
    const pod = await stage.untilPod("web");
    const waiting = { reason: "ErrImagePull", message: "not found" };
    await stage.patchPodStatus(pod, {
      containerStatuses: pod.spec.containers.map(({ name, image }) => ({
        name,
        image,
        imageID: "",
        ready: false,
        restartCount: 0,
        state: { waiting },
      })),
    });
    await stage.untilStatus("web", "ErrImagePull");
    const shown = findCondition(stage.vmi("web")?.status?.conditions, "Synchronized");
    assert.match(shown?.message ?? "", /not found/);
  });

  test("a pod that fits nowhere is shown, until it does", async (stage) => {
    await stage.createVm(machine({ runStrategy: "Always" }));
    const pod = await stage.untilPod("web");
    const message = "0/1 nodes are available";
    const unplaced = { type: "PodScheduled", status: "False", reason: "Unschedulable", message };
    await stage.patchPodStatus(pod, { conditions: [unplaced] });
    await stage.untilStatus("web", "ErrorUnschedulable");
    await stage.run("web");
    const vm = await stage.untilStatus("web", "Running");
    assert.equal(findCondition(vm.status?.conditions, "PodScheduled"), undefined);
  });

  test("an instance whose pod vanishes has failed", async (stage) => {
    await stage.createVmi(instance());
    const { pod } = await stage.run("web");
    await stage.removePod(pod);
    const failed = await stage.untilPhase("web", "Failed");
    assert.equal(failed.status?.reason, "PodNotExists");
    const released = await stage.until("the finalizer to go", () => {
      const found = stage.vmi("web");
      return (found?.metadata.finalizers ?? []).length === 0 && found;
    });
    assert.equal(released.metadata.deletionTimestamp, undefined);
  });

  test("an instance that is deleted before its guest runs takes its pod along", async (stage) => {
    await stage.createVmi(instance());
    const pod = await stage.startPod("web");
    await stage.untilPhase("web", "Scheduled");
    await stage.removePod(pod);
    await stage.untilPhase("web", "Failed");
    await stage.client.delete(VIRTUAL_MACHINE_INSTANCES, stage.key("web"));
    await stage.until("the VMI to go", () => stage.vmi("web") === undefined);
    await stage.createVmi(instance());
    const second = await stage.untilPod("web");
    await stage.client.delete(VIRTUAL_MACHINE_INSTANCES, stage.key("web"));
    await stage.until("the VMI to go", () => stage.vmi("web") === undefined);
    await stage.until("the pod to go", () => {
      const left = stage.informers.launcherPods.get(stage.key(second.metadata.name));
      return left === undefined || left.metadata.uid !== second.metadata.uid;
    });
  });

  test("a replica set keeps its number of guests and follows it", async (stage) => {
    const template = { metadata: { labels: { app: "web" } }, spec: instance().spec };
    await stage.createReplicaSet(replicaSet({ replicas: 2, template }));
    const [first, second] = await stage.until("two instances", () => {
      const instances = stage.instancesOf("web");
      return instances.length === 2 && instances;
    });
    assert.ok(first !== undefined && second !== undefined);
    await stage.run(first.metadata.name);
    await stage.run(second.metadata.name);
    await stage.until(
      "two to be ready",
      () => stage.replicaSet("web")?.status?.readyReplicas === 2,
    );
    assert.equal(stage.replicaSet("web")?.status?.labelSelector, "app=web");

    await stage.end(first.metadata.name, "Failed");
    await stage.until(
      "another in its place",
      () =>
        stage.instancesOf("web").find(({ metadata: { uid } }) =>
          uid !== second.metadata.uid && uid !== first.metadata.uid
        ),
    );
    await stage.until("the failed one to go", () => {
      const failed = stage.vmi(first.metadata.name);
      return failed?.metadata.uid !== first.metadata.uid;
    });
    assert.equal(stage.instancesOf("web").length, 2);

    await stage.client.patch(VIRTUAL_MACHINE_INSTANCE_REPLICA_SETS, stage.key("web"), {
      spec: { replicas: 1 },
    });
    await stage.until("the one that serves to be left", () => {
      const instances = stage.instancesOf("web");
      return instances.length === 1 && instances[0]?.metadata.uid === second.metadata.uid;
    });
  });

  test("a pool keeps named machines, gives them a new template and lets one go", async (stage) => {
    await stage.createPool(pool({ maxUnavailable: 1, virtualMachineTemplate: machineTemplate() }));
    const names = (machines: readonly { metadata: { name: string } }[]) =>
      machines.map(({ metadata: { name } }) => name);
    await stage.until("two machines", () => stage.machinesOf("web").length === 2);
    assert.deepEqual(names(stage.machinesOf("web")), ["web-0", "web-1"]);
    await stage.run("web-0");
    await stage.run("web-1");
    await stage.until("two to be ready", () => stage.pool("web")?.status?.readyReplicas === 2);
    const [before, other] = ["web-0", "web-1"].map((name) => stage.vmi(name)?.metadata.uid);

    const patch = {
      spec: { virtualMachineTemplate: machineTemplate({ memory: { guest: "1Gi" } }) },
    };
    await stage.client.patch(VIRTUAL_MACHINE_POOLS, stage.key("web"), patch);
    const restarted = await stage.until(
      "one guest to be asked to end",
      () => ["web-0", "web-1"].find((name) => stage.vmi(name)?.metadata.deletionTimestamp),
    );
    const memory = stage.vm(restarted)?.spec.template.spec?.domain.memory?.guest;
    assert.equal(memory, "1Gi");
    const waiting = restarted === "web-0" ? "web-1" : "web-0";
    assert.equal(stage.vmi(waiting)?.metadata.deletionTimestamp, undefined);
    assert.ok([before, other].includes(stage.vmi(waiting)?.metadata.uid));

    await stage.client.patch(VIRTUAL_MACHINES, stage.key(waiting), {
      metadata: { labels: { app: "debug" } },
    });
    await stage.until("another machine in its place", () => stage.vm("web-2"));
    await stage.until(
      "the one to be nobody's",
      () => stage.vm(waiting)?.metadata.ownerReferences?.length !== 1,
    );
    assert.equal(stage.vmi(waiting)?.metadata.deletionTimestamp, undefined);
  });

  test("a pool restarts a guest that only a request starts", async (stage) => {
    const virtualMachineTemplate = machineTemplate();
    virtualMachineTemplate.spec.runStrategy = "Manual";
    await stage.createPool(pool({ replicas: 1, virtualMachineTemplate }));
    await stage.until("a machine that is looked after", () => stage.vm("web-0")?.status);
    const status = { stateChangeRequests: [{ action: "Start" }] };
    const options = { subresource: "status" };
    await stage.client.patch(VIRTUAL_MACHINES, stage.key("web-0"), { status }, options);
    const { vmi: first, pod } = await stage.run("web-0");
    await stage.until(
      "its start to be done",
      () => !stage.vm("web-0")?.status?.stateChangeRequests,
    );

    const changed = machineTemplate({ memory: { guest: "1Gi" } });
    changed.spec.runStrategy = "Manual";
    const patch = { spec: { virtualMachineTemplate: changed } };
    await stage.client.patch(VIRTUAL_MACHINE_POOLS, stage.key("web"), patch);
    await stage.until(
      "the guest to be asked to end",
      () => stage.vmi("web-0")?.metadata.deletionTimestamp,
    );
    await stage.end("web-0", "Succeeded");
    await stage.removePod(pod);
    const second = await stage.until("another guest", () => {
      const vmi = stage.vmi("web-0");
      return vmi !== undefined && vmi.metadata.uid !== first.metadata.uid && vmi;
    });
    assert.equal(second.spec.domain.memory?.guest, "1Gi");
  });

  test("a pool becomes smaller in the order it was told, and forgets old revisions", async (stage) => {
    const policy = { selectionPolicy: { sortPolicy: "DescendingOrder" } };
    await stage.createPool(pool({ replicas: 3, scaleInStrategy: { proactive: policy } }));
    await stage.until("three machines", () => stage.machinesOf("web").length === 3);
    await stage.client.patch(VIRTUAL_MACHINE_POOLS, stage.key("web"), { spec: { replicas: 1 } });
    await stage.until("one to be left", () => stage.pool("web")?.status?.replicas === 1);
    assert.deepEqual(stage.machinesOf("web").map(({ metadata: { name } }) => name), ["web-0"]);

    const virtualMachineTemplate = machineTemplate({ memory: { guest: "1Gi" } });
    virtualMachineTemplate.spec.runStrategy = "Halted";
    await stage.client.patch(VIRTUAL_MACHINE_POOLS, stage.key("web"), {
      spec: { virtualMachineTemplate },
    });
    const label = "kubevirt.io/vm-pool-revision-name";
    const first = stage.vm("web-0")?.metadata.labels?.[label];
    const second = await stage.until("a newer revision", () => {
      const revision = stage.vm("web-0")?.metadata.labels?.[label];
      return revision !== first && revision;
    });
    const { namespace } = stage.key("web");
    await eventually("the older revision is gone", async () => {
      const options = namespace === undefined ? {} : { namespace };
      const { items } = await stage.client.list(CONTROLLER_REVISIONS, options);
      return items.length === 1 && items[0]?.metadata.name === second;
    });
  });
}

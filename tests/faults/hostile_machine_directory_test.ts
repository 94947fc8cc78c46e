/**
 * A guest that broke out into QEMU writes to its machine's directory: links instead of sockets, files where root is about
 * to write, records that name other processes. The agent, which is root, believes none of it.
 */
import assert from "node:assert/strict";
import { HypervisorError } from "../../src/hypervisor/hypervisor.ts";
import { LibvirtHypervisor } from "../../src/hypervisor/libvirt/libvirt_hypervisor.ts";
import { GuestBed, QEMU_USER, whyNoGuests } from "./guest_bed.ts";
import { until } from "./vmm_bed.ts";

const ignore = whyNoGuests() !== undefined;
const OWN_WORDS = "the test's own connection";
const SOCKETS = ["domain.sock", "serial0.sock"];

interface Machine {
  bed: GuestBed;
  uid: string;
  /** The machine's directory. */
  directory: string;
  /** Another agent's, which has no connection yet. */
  successor: LibvirtHypervisor;
}

function machineTest(name: string, body: (machine: Machine) => Promise<void>): void {
  Deno.test({
    name,
    ignore,
    fn: async () => {
      await using bed = await GuestBed.create();
      const { uid, spec } = await bed.guest("one");
      await bed.hypervisor.launch(spec);
      const { native, runDirectory } = bed;
      await using successor = new LibvirtHypervisor({ native, runDirectory });
      await body({ bed, uid, directory: `${runDirectory}/vms/${uid}`, successor });
    },
  });
}

machineTest("no socket of the node is connected to by way of a machine's", async (machine) => {
  const { bed, uid, directory, successor } = machine;
  const path = `${bed.directory}/node.sock`;
  using listener = Deno.listen({ transport: "unix", path });
  for (const name of SOCKETS) await Deno.rename(`${directory}/${name}`, `${directory}/${name}.own`);
  const places: [(to: string) => Promise<void>, RegExp][] = [
    [(to) => Deno.symlink(path, to), /Too many levels of symbolic links/],
    [(to) => Deno.link(path, to), /must belong to user 107/],
    [(to) => Deno.mkdir(to), /must be a Socket: got a Directory/],
  ];
  for (const [place, refusal] of places) {
    for (const name of SOCKETS) await place(`${directory}/${name}`);
    const observed = await successor.inspect(uid);
    assert.match(observed.kind === "unknown" ? observed.why : observed.kind, refusal);
    const error = await successor.openConsole(uid).then(() => undefined, (error) => error);
    assert.ok(error instanceof HypervisorError, `expected a refusal: got ${error}`);
    assert.match(String(error.cause), refusal);
    for (const name of SOCKETS) await Deno.remove(`${directory}/${name}`);
  }
  assert.equal(await firstHeard(listener), OWN_WORDS);
  for (const name of SOCKETS) await Deno.rename(`${directory}/${name}.own`, `${directory}/${name}`);
  assert.equal((await successor.inspect(uid)).kind, "present");
  (await successor.openConsole(uid)).close();
});

machineTest("no process of the node is entered or ended for a record", async (machine) => {
  const { bed, uid, directory, successor } = machine;
  const { domain, vmm } = await bed.processes(uid);
  const victim = new Deno.Command("sleep", { args: ["600"], stdin: "null" }).spawn();
  try {
    const process = { pid: victim.pid, startTicks: await startTicks(victim.pid) };
    const record = JSON.parse(await Deno.readTextFile(`${directory}/record.json`));
    await bed.hypervisor[Symbol.asyncDispose]();
    Deno.kill(domain, "SIGKILL");
    const forged = JSON.stringify({ ...record, domain: process, vmm: process });
    await Deno.writeTextFile(`${directory}/record.json`, forged);
    const refused = {
      kind: "unknown",
      why: `its record is false: process ${victim.pid} is not its own`,
    };
    await until("it is refused", () => successor.inspect(uid), (seen) => seen.kind === "unknown");
    assert.deepEqual(await successor.inspect(uid), refused);
    assert.match(await answer(machine, "end"), /Cannot take process/);
    const unserved = { ...record, domain: { ...process, startTicks: 1 }, vmm: process };
    await Deno.writeTextFile(`${directory}/record.json`, JSON.stringify(unserved));
    assert.match(await answer(machine, "adopt"), /Cannot take process/);
    await Deno.writeTextFile(`${directory}/record.json`, forged);
    // Nothing of the guest is left: it can be forgotten, whatever its record says.
    Deno.kill(vmm, "SIGKILL");
    await until("it is gone", () => successor.inspect(uid), (seen) => seen.kind === "gone");
    await successor.forget(uid);
    assert.equal(await startTicks(victim.pid), process.startTicks);
  } finally {
    victim.kill("SIGKILL");
    await victim.status;
  }
});

machineTest("a guest that left nothing true behind is gone, and is forgotten", async (machine) => {
  const { bed, uid, directory, successor } = machine;
  const { domain, vmm } = await bed.processes(uid);
  await bed.hypervisor[Symbol.asyncDispose]();
  await Deno.writeTextFile(`${directory}/record.json`, "{");
  await Deno.remove(`${directory}/domain.sock`);
  await Deno.symlink("/nonexistent", `${directory}/domain.sock`);
  assert.equal((await successor.inspect(uid)).kind, "unknown");
  Deno.kill(domain, "SIGKILL");
  await Deno.remove(`${directory}/domain.sock`);
  await assert.rejects(successor.forget(uid), HypervisorError);
  await Deno.symlink("/nonexistent", `${directory}/domain.sock`);
  Deno.kill(vmm, "SIGKILL");
  await until("it is gone", () => successor.inspect(uid), (seen) => seen.kind === "gone");
  await successor.forget(uid);
  assert.equal((await successor.inspect(uid)).kind, "absent");
});

machineTest("no file of the node is written by way of a machine's", async (machine) => {
  const { bed, uid, directory, successor } = machine;
  const precious = `${bed.directory}/precious`;
  await Deno.writeTextFile(precious, "precious");
  await Deno.symlink(precious, `${directory}/shutdown.json.new`);
  await successor.shutdown(uid);
  const observed = await successor.inspect(uid);
  assert.ok(observed.kind === "present" && observed.shutdownSentAt !== undefined);
  await Deno.remove(`${directory}/domain.log`);
  await Deno.symlink(precious, `${directory}/domain.log`);
  Deno.kill((await bed.processes(uid)).domain, "SIGKILL");
  await until(
    "it is refused",
    () => successor.inspect(uid),
    (seen) => seen.kind === "unknown" && /Cannot open domain\.log/.test(seen.why),
  );
  assert.equal(await Deno.readTextFile(precious), "precious");
  await Deno.remove(`${directory}/domain.log`);
  await until("it is adopted", () => successor.inspect(uid), (seen) => seen.kind === "present");
});

machineTest(
  "what root has recorded is believed from root alone",
  async ({ directory, ...machine }) => {
    const { uid, successor } = machine;
    const owner = { namespace: "default", name: "other", podUid: uid, epoch: 99 };
    await Deno.writeTextFile(`${directory}/owner.json`, JSON.stringify(owner));
    assert.deepEqual(await successor.owner(uid), owner);
    await Deno.chown(`${directory}/owner.json`, QEMU_USER, QEMU_USER);
    await assert.rejects(successor.owner(uid), /must belong to user 0: got 107/);
  },
);

async function answer({ bed, directory }: Machine, mode: "adopt" | "end"): Promise<string> {
  const input = JSON.stringify({ mode, vmDirectory: directory });
  return await bed.native.runDomain({ vmDirectory: directory, input });
}

/** What comes first of all that ever connected: connections wait in their order. */
async function firstHeard(listener: Deno.UnixListener): Promise<string> {
  const path = (listener.addr as Deno.UnixAddr).path;
  using own = await Deno.connect({ transport: "unix", path });
  await own.write(new TextEncoder().encode(OWN_WORDS));
  await own.closeWrite();
  using heard = await listener.accept();
  return await new Response(heard.readable).text();
}

async function startTicks(pid: number): Promise<number> {
  const stat = await Deno.readTextFile(`/proc/${pid}/stat`);
  return Number(stat.slice(stat.lastIndexOf(")") + 2).split(" ")[19]);
}

import assert from "node:assert/strict";
import { nativeParts, whyNoNativeParts } from "../../src/hypervisor/testing/native_parts.ts";
import { sample } from "../cluster/virtual_machine.ts";
import { RunProcess } from "./run_process.ts";

const SECRET = "apiVersion: v1\nkind: Secret\nmetadata: { name: before }\n";
const DETACH = "\x1d";

Deno.test({
  name: "denovirt-node run has one guest in the foreground and leaves nothing behind",
  ignore: whyNoNativeParts() !== undefined,
  async fn(context) {
    const directory = await Deno.makeTempDir({ dir: "/var/tmp", prefix: "dr-" });
    const manifest = `${directory}/vm.yaml`;
    const vm = await sample("vm_kernel.yaml");
    await Deno.writeTextFile(manifest, `${SECRET}---\n${vm}`);
    const options = { directory, nativeDirectory: nativeParts(), manifest };
    try {
      await context.step(
        "a line that is piped in is typed, and its answer is the end",
        async () => {
          await using run = await RunProcess.start(options);
          await run.type('echo "I am $(hostname) at $((6 * 7))"\n');
          await run.endInput();
          assert.equal(await run.ended(), 0, run.progress);
          assert.match(run.output, /\nI am kernel(-guest)? at 42\r\n/);
          assert.match(
            run.progress,
            /Secret default\/before is created\n.*VirtualMachine default/s,
          );
          assert.deepEqual(await run.leftovers(directory), []);
        },
      );

      await context.step("a guest that powers itself off ends it", async () => {
        await Deno.writeTextFile(manifest, vm.replace("Always", "Halted"));
        await using run = await RunProcess.start(options);
        // Without the second command there would be one more prompt, which is the end as well.
        await run.type("poweroff; sleep 600\n");
        assert.equal(await run.ended(), 0, run.progress);
        assert.match(run.progress, /default\/kernel is Succeeded\n.*the guest is gone/s);
        assert.deepEqual(await run.leftovers(directory), []);
      });

      await context.step("Ctrl-] at a terminal leaves the guest, which ends", async () => {
        await using run = await RunProcess.start({ ...options, terminal: true });
        await run.until("a prompt", (seen) => /kernel[\w-]*:\/# /.test(seen));
        await run.type(DETACH);
        assert.equal(await run.ended(), 0, run.output);
        assert.deepEqual(await run.leftovers(directory), []);
      });

      await context.step("a signal ends the guest, too", async () => {
        await using run = await RunProcess.start(options);
        await run.until("the guest to run", (seen) => seen.includes("default/kernel is Running"));
        run.kill("SIGTERM");
        assert.equal(await run.ended(), 143, run.progress);
        assert.deepEqual(await run.leftovers(directory), []);
      });

      await context.step(
        "a guest that does not come up is given up, with what is known",
        async () => {
          await Deno.writeTextFile(manifest, vm.replaceAll("kernel-guest:dev", "nothing:dev"));
          await using run = await RunProcess.start({ ...options, flags: ["--start-timeout=20"] });
          assert.equal(await run.ended(), 1, run.progress);
          assert.match(run.progress, /nothing:dev/);
          assert.match(
            run.progress,
            /Cannot run \S+vm\.yaml: it does not run after 20 s: it is \w+\n$/,
          );
          assert.deepEqual(await run.leftovers(directory), []);
        },
      );

      await context.step("a guest that fails is told with the reason", async () => {
        await Deno.writeTextFile(
          manifest,
          vm.replace("kernelPath: /boot/vmlinuz", "kernelPath: /boot/nothing"),
        );
        await using run = await RunProcess.start(options);
        assert.equal(await run.ended(), 1, run.progress);
        assert.match(run.progress, /: Failed: SyncFailed: Cannot use \/boot\/nothing of the pod/);
        assert.deepEqual(await run.leftovers(directory), []);
      });

      await context.step("what the API refuses is told by its field", async () => {
        const refused: [manifest: string, why: RegExp][] = [
          [
            vm.replace("kernelArgs", "kernelArgz"),
            /Cannot create VirtualMachine kernel: .*firmware\.kernelBoot\.kernelArgz/,
          ],
          [
            vm.replace("- name: default\n          pod", "- name: other\n          pod"),
            /Cannot create VirtualMachine kernel: .*spec\.template\.spec\.domain\.devices\.interfaces/,
          ],
          [`apiVersion: v2\nkind: Gadget\nmetadata: { name: g }\n---\n${vm}`, /Gadget g: no such/],
        ];
        for (const [text, why] of refused) {
          await Deno.writeTextFile(manifest, text);
          await using run = await RunProcess.start(options);
          assert.equal(await run.ended(), 1);
          assert.match(run.progress, why);
          assert.deepEqual(await run.leftovers(directory), []);
        }
      });
      await context.step(
        "what a killed run has left goes with the next one, and nothing of one that lives",
        async () => {
          await Deno.writeTextFile(manifest, vm.replaceAll("kernel-guest:dev", "nothing:dev"));
          await using lives = await RunProcess.start(options);
          await lives.until("it to wait", (seen) => seen.includes("default/kernel is Scheduling"));
          await Deno.writeTextFile(manifest, vm);
          await using killed = await RunProcess.start(options);
          await killed.until("the guest to run", (seen) => seen.includes("kernel is Running"));
          killed.kill("SIGKILL");
          await killed.ended();
          assert.notDeepEqual(await killed.leftovers(directory), []);
          // But for what looks for its image, for a tenth of a second every now and then.
          const lasting = async () =>
            (await lives.leftovers(directory)).filter((each) => !each.startsWith("skopeo\0"));
          const before = await lasting();
          await Deno.writeTextFile(
            manifest,
            `apiVersion: v2\nkind: Gadget\nmetadata: { name: g }\n---\n${vm}`,
          );
          await using next = await RunProcess.start(options);
          assert.equal(await next.ended(), 1, next.progress);
          assert.match(next.progress, /taking away what a run has left that was killed: \S+\n/);
          assert.deepEqual(await killed.leftovers(directory), []);
          assert.deepEqual(await lasting(), before);
          lives.kill("SIGTERM");
          assert.equal(await lives.ended(), 143, lives.progress);
          assert.deepEqual(await lives.leftovers(directory), []);
        },
      );
      assert.deepEqual((await Array.fromAsync(Deno.readDir(directory))).map((e) => e.name), [
        "vm.yaml",
      ]);
    } finally {
      await Deno.remove(directory, { recursive: true });
    }
  },
});

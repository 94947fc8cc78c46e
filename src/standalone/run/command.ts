/**
 * `denovirt-node run vm.yaml`: one guest in the foreground, in a world of its own that goes with it.
 *
 *   manifest --> private place, API, controllers, agent --> guest Running --> console --> guest's end --> nothing is left
 */
import { VIRTUAL_MACHINE_INSTANCES, VIRTUAL_MACHINES } from "../../api/registry.ts";
import type { VirtualMachine } from "../../api/virtual_machine.ts";
import type { VirtualMachineInstance } from "../../api/virtual_machine_instance.ts";
import { VirtualMachineRunStrategy as Strategy } from "../../api/phases.ts";
import type { NativeLibrary } from "../../hypervisor/native/native.ts";
import { keyOf, type ObjectKey } from "../../kube/object.ts";
import type { RunConfig } from "../../node/config.ts";
import { JsonLogger, type Logger } from "../../runtime/log.ts";
import { runStrategyOf } from "../../subresources/run_strategy.ts";
import { networkOf, requireRoot } from "../command.ts";
import { Standalone } from "../standalone.ts";
import { applyManifest } from "./apply_manifest.ts";
import { attachConsole, type Attached, type Terminal } from "./attach_console.ts";
import { type GuestEnd, GuestWatch } from "./guest_watch.ts";
import type { Manifest } from "./manifest.ts";
import { readManifest } from "./manifest_file.ts";
import { removeDeadPlaces } from "./place_parts.ts";
import { PrivatePlace } from "./private_place.ts";
import { Progress } from "./progress.ts";

const GIB = 1024 ** 3;
/** More than any one guest's images; they go with the guest. */
const IMAGE_BYTES_MAX = 1024 * GIB;
const NODE_NAME = "localhost";
/** A guest that is told to stop and does not is ended after this, whatever its grace period. */
const STOP_PATIENCE_MS = 60_000;

export interface RunCommand {
  /** Loads the native parts; a compiled program unpacks its own below these directories. */
  loadNative: (
    directories: { runDirectory: string; stateDirectory: string },
  ) => Promise<{ native: NativeLibrary } & Disposable>;
  version: string;
  terminal: Terminal;
  /** A line for the person who waits. */
  tell: (line: string) => void;
  /** Ends the guest as its power button does. */
  stop: AbortSignal;
  /** Ends it at once. */
  hurry: AbortSignal;
}

/** How it ended. */
export type RunEnd = GuestEnd | { how: "detached" } | { how: "stopped" };

interface World {
  standalone: Standalone;
  config: RunConfig;
  command: RunCommand;
  progress: Progress;
  logger: Logger;
}

/**
 * Resolves when the guest has ended and nothing of it is left.
 *
 * @throws ManifestError when the manifest cannot be run.
 */
export async function runManifest(config: RunConfig, command: RunCommand): Promise<RunEnd> {
  requireRoot();
  const manifest = await readManifest(config.manifest);
  const logger = new JsonLogger({ level: config.logLevel });
  using progress = new Progress(command.tell);
  await removeDeadPlaces(
    config.temporaryDirectory,
    (path) => progress.begin(`taking away what a run has left that was killed: ${path}`),
  ).catch((error) => progress.say(`${error}`));
  await using place = await PrivatePlace.make({
    parent: config.temporaryDirectory,
    range: config.podNetwork === undefined ? undefined : networkOf("podNetwork", config.podNetwork),
  });
  const { dataDirectory, runDirectory } = place;
  using parts = await command.loadNative({ runDirectory, stateDirectory: dataDirectory });
  const { native } = parts;
  await using standalone = await Standalone.start({
    ...place,
    dataDirectory,
    runDirectory,
    listen: { hostname: "127.0.0.1", port: 0 },
    nodeName: NODE_NAME,
    archiveDirectories: config.images,
    imageBytesMax: IMAGE_BYTES_MAX,
    network: place.network,
    cgroup: place.cgroup,
    version: command.version,
    native,
    logger,
  });
  progress.say(`the API is ready: export KUBECONFIG=${standalone.endpoint.kubeconfigPath}`);
  return await runGuest(manifest, { standalone, config, command, progress, logger });
}

/** However it ends, the guest is taken away. */
async function runGuest(manifest: Manifest, world: World): Promise<RunEnd> {
  const { standalone, command } = world;
  const stop = new AbortController();
  const over = new AbortController();
  const signal = AbortSignal.any([command.stop, over.signal]);
  const serving = standalone.run(stop.signal, { stopGuests: true });
  try {
    const failed = serving.then(() => Promise.reject(new Error("Cannot go on: it has stopped")));
    return await Promise.race([attend(manifest, world, signal), failed]);
  } catch (error) {
    if (command.stop.aborted) return { how: "stopped" };
    throw error;
  } finally {
    over.abort();
    await takeAway(world, { stop, serving });
  }
}

async function takeAway(
  { standalone, command, progress }: World,
  { stop, serving }: { stop: AbortController; serving: Promise<number> },
): Promise<void> {
  progress.begin("taking the guest away (Ctrl-C: at once)");
  using _patience = hurryAfter(standalone, command.hurry);
  stop.abort();
  const left = await serving;
  if (left > 0) throw new Error(`Cannot end all guests: ${left} go on`);
  progress.say("the guest is gone");
}

/** From the manifest to the guest's end, or until its user leaves. */
async function attend(manifest: Manifest, world: World, signal: AbortSignal): Promise<RunEnd> {
  const { standalone, config, progress, logger } = world;
  const { client } = standalone;
  await standalone.installed;
  const key = await applyManifest(manifest, {
    client,
    resourceOf: (apiVersion, kind) => standalone.resourceOf(apiVersion, kind),
    namespace: config.namespace,
    say: (text) => progress.say(text),
    signal,
  });
  if (manifest.guest.kind === VIRTUAL_MACHINES.kind) await startUnasked(standalone, key, signal);
  const name = `${key.namespace}/${key.name}`;
  const watch = new GuestWatch({
    client,
    key,
    logger,
    tellPhase: (phase) => progress.begin(`${name} is ${phase}`),
    tellWarning: (text) => progress.say(text),
  });
  const watching = watch.run(signal);
  try {
    if (!await watch.untilRunning(config.startTimeoutSeconds * 1_000, signal)) {
      const why = `it does not run after ${config.startTimeoutSeconds} s: it is ${watch.phase}`;
      return { how: "failed", why };
    }
    if (watch.hasEnded) return await watch.ended;
    progress.say(`${name} is on: its console follows, and Ctrl-] leaves it`);
    const attached = attachConsole({
      connection: await standalone.connection(),
      instance: watch.instance,
      ended: watch.ended.then(() => {}),
      prompt: config.prompt,
      terminal: world.command.terminal,
      tell: (text) => progress.say(text),
      signal,
    });
    return await endOf(attached, watch);
  } finally {
    // The signal aborts before this is waited for.
    watching.catch(() => {});
  }
}

/** A guest that has ended was left by it, not by its user. */
async function endOf(attached: Promise<Attached>, watch: GuestWatch): Promise<RunEnd> {
  return await attached === "detached" ? { how: "detached" } : await watch.ended;
}

/** Whoever runs a manifest wants the guest on, whatever its VirtualMachine says. */
async function startUnasked(
  { client }: Standalone,
  key: ObjectKey,
  signal: AbortSignal,
): Promise<void> {
  const vm = await client.get<VirtualMachine>(VIRTUAL_MACHINES, key, { signal });
  if (vm === undefined) return;
  const strategy = runStrategyOf(vm);
  if (strategy !== Strategy.Halted && strategy !== Strategy.Manual) return;
  const path = `/apis/subresources.kubevirt.io/v1/namespaces/${key.namespace}` +
    `/virtualmachines/${key.name}/start`;
  await client.raw("PUT", path, { body: {}, signal });
}

/** On demand, or when it takes too long, grace periods end. */
function hurryAfter({ client }: Standalone, hurry: AbortSignal): Disposable {
  const endGrace = async () => {
    const { items } = await client.list<VirtualMachineInstance>(VIRTUAL_MACHINE_INSTANCES);
    const patch = { spec: { terminationGracePeriodSeconds: 0 } };
    for (const instance of items) {
      await client.patch(VIRTUAL_MACHINE_INSTANCES, keyOf(instance), patch);
    }
  };
  // What is gone meanwhile needs none.
  const run = () => void endGrace().catch(() => {});
  const timer = setTimeout(run, STOP_PATIENCE_MS);
  if (hurry.aborted) run();
  hurry.addEventListener("abort", run, { once: true });
  return {
    [Symbol.dispose]() {
      clearTimeout(timer);
      hurry.removeEventListener("abort", run);
    },
  };
}

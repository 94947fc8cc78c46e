import type { PersistentVolumeClaim, Pod } from "../../../resources/core_objects.ts";
import type { KubeClient } from "../../../kube/client.ts";
import type { Clock } from "../../../runtime/clock.ts";
import { Controller, type EventSink } from "../../../runtime/controller.ts";
import type { Informer } from "../../../runtime/informer.ts";
import type { Logger } from "../../../runtime/log.ts";
import type { MetricsRegistry } from "../../../runtime/metrics.ts";
import type { Reconciler } from "../../../runtime/reconciler.ts";
import { exists } from "../exists.ts";
import { VolumeError } from "../volumes/make_volumes.ts";
import { actOnClaim, type ClaimActorOptions } from "./act.ts";
import {
  type ClaimAction,
  type ClaimWorld,
  decideClaim,
  type LocalClaim,
  type LocalVolume,
  volumeName,
} from "./decide.ts";

/** Of the claims' informer. */
export const CLAIM_UID_INDEX = "uid";

export type ClaimController = Controller<ClaimWorld, ClaimAction, undefined>;

export interface ClaimControllerOptions {
  client: KubeClient;
  /** Root's alone; a directory for each claim. */
  directory: string;
  nodeName: string;
  claims: Informer<LocalClaim>;
  volumes: Informer<LocalVolume>;
  pods: Informer<Pod>;
  events: EventSink;
  logger: Logger;
  clock: Clock;
  metrics: MetricsRegistry;
}

/** Keyed by the claim's UID. Does nothing before `run(signal)`; the informers are run by the caller. */
export function createClaimController(options: ClaimControllerOptions): ClaimController {
  const { claims, pods, volumes } = options;
  const acting: ClaimActorOptions = options;
  const reconciler: Reconciler<ClaimWorld, ClaimAction, undefined> = {
    name: "local-claims",
    observe: ({ name }) => observeClaim(options, name),
    decide: decideClaim,
    act: (action, world, signal) => actOnClaim(action, world, { ...acting, signal }),
    writeStatus: () => Promise.resolve(),
  };
  const controller = new Controller({ ...options, reconciler });
  controller.watch(claims, ({ metadata }) => [{ name: metadata.uid }]);
  controller.watch(volumes, ({ spec }) => {
    const uid = spec?.claimRef?.uid;
    return uid === undefined ? [] : [{ name: uid }];
  });
  // Waited for: as long as they are not known, a claim that is gone would be used by none.
  controller.watch(pods, () => []);
  return controller;
}

async function observeClaim(
  { claims, directory, pods, volumes }: ClaimControllerOptions,
  claimUid: string,
): Promise<ClaimWorld | undefined> {
  const [claim] = claims.byIndex(CLAIM_UID_INDEX, claimUid);
  const name = volumeName(claimUid);
  const volume = volumes.get({ name });
  const hasDirectory = await exists(`${directory}/${name}`);
  if (claim === undefined && volume === undefined && !hasDirectory) return undefined;
  const reference =
    (volume?.spec as { claimRef?: { namespace?: string; name?: string } } | undefined)
      ?.claimRef;
  const users =
    pods.list().filter(({ metadata, spec, status }) =>
      metadata.namespace === reference?.namespace &&
      status?.phase !== "Succeeded" && status?.phase !== "Failed" &&
      spec.volumes?.some((each) =>
        (each["persistentVolumeClaim"] as { claimName?: string } | undefined)?.claimName ===
          reference?.name
      )
    ).length;
  return {
    claimUid,
    ...(claim === undefined ? {} : { claim }),
    ...(volume === undefined ? {} : { volume }),
    hasDirectory,
    users,
  };
}

/** Where a bound claim's files are. What a volume's object says of paths is not believed. */
export function claimDirectory(
  directory: string,
): (claim: PersistentVolumeClaim) => Promise<string> {
  return async ({ metadata }) => {
    const path = `${directory}/${volumeName(metadata.uid)}`;
    if (await exists(path)) return path;
    throw new VolumeError(
      `persistentvolumeclaim "${metadata.name}" is not of storage class local: not supported here`,
    );
  };
}

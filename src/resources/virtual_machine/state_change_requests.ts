/**
 * `status.stateChangeRequests`: what the start, stop and restart calls want. They are added by the subresource server with a
 * JSON patch that tests the old list; the controller only takes from the front what has been fulfilled.
 *
 *   Stop(uid)  -> fulfilled when there is no VMI, or it is another one, or the request names none
 *   Start      -> fulfilled when a VMI lives (neither ended nor being deleted)
 */
import {
  isFinalPhase,
  START_REQUEST_PAUSED_KEY,
  START_REQUEST_PAUSED_TRUE,
  StateChangeRequestAction,
} from "../../api/phases.ts";
import type { VirtualMachineStateChangeRequest } from "../../api/virtual_machine_status.ts";
import type { VirtualMachineInstance } from "../../api/virtual_machine_instance.ts";

type Requests = readonly VirtualMachineStateChangeRequest[];
/** What a request is compared with: an instance that exists or is about to. */
export type InstanceView = {
  metadata: { uid?: string; deletionTimestamp?: string };
  status?: NonNullable<VirtualMachineInstance["status"]>;
};

/** The requests that are still to be fulfilled. */
export function pendingRequests(requests: Requests | undefined, vmi?: InstanceView): Requests {
  const pending = [...requests ?? []];
  while (pending[0] !== undefined && isFulfilled(pending[0], vmi)) pending.shift();
  return pending;
}

function isFulfilled(request: VirtualMachineStateChangeRequest, vmi?: InstanceView): boolean {
  if (request.action === StateChangeRequestAction.Stop) {
    return vmi === undefined || request.uid === undefined || request.uid !== vmi.metadata.uid;
  }
  return vmi !== undefined && !vmi.metadata.deletionTimestamp && !isFinalPhase(vmi.status?.phase);
}

/** Whether the next thing asked for is to stop exactly this VMI. */
export function asksToStop(requests: Requests, vmi: InstanceView): boolean {
  const next = requests[0];
  return next?.action === StateChangeRequestAction.Stop && next.uid !== undefined &&
    next.uid === vmi.metadata.uid;
}

/** Whether the next thing asked for is a start. */
export function asksToStart(requests: Requests): boolean {
  return requests[0]?.action === StateChangeRequestAction.Start;
}

/** Whether the start that is asked for shall leave the guest paused. */
export function asksToStartPaused(requests: Requests): boolean {
  const next = requests[0];
  return next?.action === StateChangeRequestAction.Start &&
    next.data?.[START_REQUEST_PAUSED_KEY] === START_REQUEST_PAUSED_TRUE;
}

/** The list with a start at its end, unless one waits already. */
export function withStartRequest(requests: Requests): Requests {
  return requests.some((request) => request.action === StateChangeRequestAction.Start)
    ? requests
    : [...requests, { action: StateChangeRequestAction.Start }];
}

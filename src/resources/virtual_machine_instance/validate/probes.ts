/** Probes: exactly one way to ask, and a network to ask over. */
import type { Probe } from "../../../api/probe.ts";
import { type Cause, invalid, required } from "../../cause.ts";
import type { SpecRule, SpecSubject } from "../validate.ts";
import { countPresent } from "./names.ts";

export const PROBE_RULES: readonly SpecRule[] = [oneHandler, ports, intervals];

type ProbeRule = (probe: Probe, field: string, subject: SpecSubject) => Cause[];

function each(subject: SpecSubject, rule: ProbeRule): Cause[] {
  return (["readinessProbe", "livenessProbe"] as const).flatMap((name) => {
    const probe = subject.spec[name];
    return probe === undefined ? [] : rule(probe, `${subject.field}.${name}`, subject);
  });
}

function oneHandler(subject: SpecSubject): Cause[] {
  return each(subject, (probe, field) => {
    const count = countPresent(probe.tcpSocket, probe.httpGet, probe.exec, probe.guestAgentPing);
    if (count === 1) return [];
    if (count > 1) return [invalid(field, `${field} must have exactly one probe type set`)];
    const message =
      `either ${field}.tcpSocket, ${field}.exec, ${field}.httpGet or ${field}.guestAgentPing must be set ` +
      `if a ${field} is specified`;
    return [required(field, message)];
  });
}

function ports(subject: SpecSubject): Cause[] {
  const hasPodNetwork = (subject.spec.networks ?? []).some(({ pod }) => pod !== undefined);
  return each(
    subject,
    (probe, field) =>
      (["tcpSocket", "httpGet"] as const).filter((name) =>
        probe[name] !== undefined && !hasPodNetwork
      )
        .map((name) =>
          invalid(
            `${field}.${name}`,
            `${field}.${name} is only allowed if the Pod Network is attached`,
          )
        ),
  );
}

function intervals(subject: SpecSubject): Cause[] {
  return each(subject, (probe, field) =>
    ([
      "initialDelaySeconds",
      "timeoutSeconds",
      "periodSeconds",
      "successThreshold",
      "failureThreshold",
    ] as const).filter((name) => (probe[name] ?? 0) < 0)
      .map((name) => invalid(`${field}.${name}`, "must be greater than or equal to 0")));
}

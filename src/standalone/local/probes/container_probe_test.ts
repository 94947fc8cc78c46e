import assert from "node:assert/strict";
import type { Container } from "../../../resources/core_objects.ts";
import { type ContainerProbe, containerProbe, unaskable } from "./container_probe.ts";

const DEFAULTS = {
  thresholds: { successThreshold: 1, failureThreshold: 3 },
  initialDelayMs: 0,
  periodMs: 10_000,
  timeoutMs: 1_000,
};

function container(readinessProbe: unknown): Container {
  return {
    name: "compute",
    image: "i:1",
    command: ["/envelope"],
    resources: {},
    securityContext: {},
    volumeMounts: [],
    ports: [{ containerPort: 53, protocol: "UDP" }, { name: "web", containerPort: 8080 }],
    ...(readinessProbe !== undefined && { readinessProbe }),
  };
}

const ROWS: [criterion: string, probe: unknown, expected: ContainerProbe | undefined][] = [
  ["no probe", undefined, undefined],
  ["a port", { tcpSocket: { port: 22 } }, { ...DEFAULTS, target: { type: "tcp", port: 22 } }],
  ["zeros, which are the defaults", {
    tcpSocket: { port: 22, host: "" },
    periodSeconds: 0,
    timeoutSeconds: 0,
    successThreshold: 0,
    failureThreshold: 0,
  }, { ...DEFAULTS, target: { type: "tcp", port: 22 } }],
  ["times and thresholds", {
    tcpSocket: { port: 22, host: "192.0.2.1" },
    initialDelaySeconds: 120,
    periodSeconds: 20,
    timeoutSeconds: 10,
    successThreshold: 2,
    failureThreshold: 5,
    terminationGracePeriodSeconds: 7,
  }, {
    target: { type: "tcp", host: "192.0.2.1", port: 22 },
    thresholds: { successThreshold: 2, failureThreshold: 5 },
    initialDelayMs: 120_000,
    periodMs: 20_000,
    timeoutMs: 10_000,
    graceSeconds: 7,
  }],
  ["a request", { httpGet: { port: "web" } }, {
    ...DEFAULTS,
    target: { type: "http", scheme: "http", port: 8080, path: "/", headers: [] },
  }],
  ["a request with everything", {
    httpGet: {
      port: "8443",
      host: "guest.example",
      scheme: "HTTPS",
      path: "/healthz?deep",
      httpHeaders: [{ name: "Accept", value: "text/plain" }],
    },
  }, {
    ...DEFAULTS,
    target: {
      type: "http",
      scheme: "https",
      host: "guest.example",
      port: 8443,
      path: "/healthz?deep",
      headers: [{ name: "Accept", value: "text/plain" }],
    },
  }],
  ["a port that nobody named", { tcpSocket: { port: "ssh" } }, {
    ...DEFAULTS,
    target: { type: "none", why: "no port is named ssh" },
  }],
  ["a port that there is not", { httpGet: { port: 65_536 } }, {
    ...DEFAULTS,
    target: { type: "none", why: "65536 is not a port: 1 to 65535" },
  }],
  ["a command", { exec: { command: ["true"] } }, undefined],
];

for (const [criterion, probe, expected] of ROWS) {
  Deno.test(`containerProbe() of ${criterion}`, () => {
    assert.deepEqual(containerProbe(container(probe), "readiness"), expected);
    assert.equal(containerProbe(container(probe), "liveness"), undefined);
  });
}

const UNASKABLE: [criterion: string, container: Container, expected: RegExp | undefined][] = [
  ["no probe", container(undefined), undefined],
  ["a port", container({ tcpSocket: { port: 22 } }), undefined],
  ["a command", container({ exec: { command: ["true"] } }), /^readinessProbe: only tcpSocket and/],
  [
    "gRPC",
    { ...container(undefined), livenessProbe: { grpc: { port: 1 } } },
    /^livenessProbe: only/,
  ],
  ["a text", container("ping"), /^readinessProbe: it cannot be understood: .*expected object/],
  [
    "a startup probe",
    Object.assign(container(undefined), { startupProbe: { tcpSocket: { port: 22 } } }),
    /^startupProbe: it would not be asked here/,
  ],
];

for (const [criterion, given, expected] of UNASKABLE) {
  Deno.test(`unaskable() of ${criterion}`, () => {
    const why = unaskable(given);
    if (expected === undefined) assert.equal(why, undefined);
    else assert.match(why ?? "", expected);
  });
}

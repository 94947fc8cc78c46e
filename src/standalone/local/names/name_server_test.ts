import assert from "node:assert/strict";
import { createSocket } from "node:dgram";
import { Buffer } from "node:buffer";
import { parseIpv4Range } from "../../ipv4_range.ts";
import type { LocalService } from "../services/world.ts";
import { NameServer } from "./name_server.ts";
import type { NameServerAddress } from "./upstream.ts";
import { type NamesWorld, Zone } from "./zone.ts";

const LOOPBACK = { address: "127.0.0.1", port: 0 };
const RANGES = {
  podRange: parseIpv4Range("10.213.0.0/20")!,
  serviceRange: parseIpv4Range("10.213.16.0/20")!,
};
const HEADER_BYTES = 12;
/** How it went, in the fourth byte of an answer (RFC 1035, 4.1.1). */
const RCODE = { noError: 0, formatError: 1, serverFailure: 2, notImplemented: 4 };
const ANSWER_TIMEOUT_MS = 30_000;
const QUESTION = Buffer.from("\x03web\x01a\x03svc\x07cluster\x05local\0\0\x01\0\x01", "latin1");

/** Number, flags, and how many there are of questions, answers, authorities and additional records. */
function header(...words: number[]): Buffer {
  return Buffer.from(Uint16Array.from(words).buffer).swap16();
}

/** How a message is answered. */
async function rcodeOf(message: Buffer, { address, port }: NameServerAddress): Promise<number> {
  const socket = createSocket("udp4");
  const { promise, resolve, reject } = Promise.withResolvers<Buffer>();
  const timer = setTimeout(() => reject(new Error("no answer")), ANSWER_TIMEOUT_MS);
  socket.on("message", resolve);
  socket.send(message, port, address);
  try {
    return ((await promise)[3] ?? 0) & 0xf;
  } finally {
    clearTimeout(timer);
    socket.close();
  }
}

function service(name: string, spec: LocalService["spec"]): LocalService {
  return {
    apiVersion: "v1",
    kind: "Service",
    metadata: { namespace: "a", name, uid: name },
    spec: spec ?? {},
  } as LocalService;
}

function zoneOf(services: readonly LocalService[], pods: NamesWorld["pods"] = []): Zone {
  return new Zone({ ...RANGES, services, pods });
}

function pods(count: number): NamesWorld["pods"] {
  return Array.from({ length: count }, (_, index) => ({
    apiVersion: "v1",
    kind: "Pod",
    metadata: { namespace: "a", name: `p${index}`, uid: `p${index}`, labels: { app: "x" } },
    spec: { containers: [] },
    status: {
      podIP: `10.213.1.${index + 1}`,
      conditions: [{ type: "Ready", status: "True" }],
    },
  })) as unknown as NamesWorld["pods"];
}

const WEB = service("web", { clusterIP: "10.213.16.9", ports: [{ name: "http", port: 80 }] });

/** What the machine's own name server knows: of the same program here. */
const EXAMPLE = {
  lookUp: (name, type) =>
    name !== "web.example.org"
      ? { kind: "absent" }
      : { kind: "records", records: type === "A" ? [{ type, address: "192.0.2.7" }] : [] },
} as Zone;

async function open(zone: Zone | undefined, upstream: readonly NameServerAddress[] = []) {
  const server = await NameServer.listen({
    listen: LOOPBACK,
    zone: () => zone,
    upstream: () => Promise.resolve(upstream),
  });
  const nameServer = { ipAddr: LOOPBACK.address, port: server.port };
  return {
    address: { ...LOOPBACK, port: server.port },
    ask: (name: string, type: "A" | "AAAA" | "PTR" = "A") =>
      Deno.resolveDns(name, type, { nameServer }),
    askSrv: (name: string) => Deno.resolveDns(name, "SRV", { nameServer }),
    [Symbol.asyncDispose]: () => server[Symbol.asyncDispose](),
  };
}

Deno.test("NameServer answers a resolver: addresses, ports, names, and that there is none", async () => {
  await using names = await open(zoneOf([WEB]));
  assert.deepEqual(await names.ask("web.a.svc.cluster.local."), ["10.213.16.9"]);
  assert.deepEqual(await names.ask("9.16.213.10.in-addr.arpa.", "PTR"), [
    "web.a.svc.cluster.local.",
  ]);
  const [port] = await names.askSrv("_http._tcp.web.a.svc.cluster.local.");
  assert.deepEqual({ ...port }, {
    priority: 0,
    weight: 100,
    port: 80,
    target: "web.a.svc.cluster.local.",
  });
  const absent = Deno.errors.NotFound;
  await assert.rejects(names.ask("web.a.svc.cluster.local.", "AAAA"), absent);
  await assert.rejects(names.ask("db.a.svc.cluster.local."), absent);
});

Deno.test("NameServer answers by TCP what is too long for a datagram", async () => {
  const headless = service("many", { clusterIP: "None", selector: { app: "x" } });
  await using names = await open(zoneOf([headless], pods(90)));
  assert.equal((await names.ask("many.a.svc.cluster.local.")).length, 90);
});

Deno.test("NameServer asks the machine's own for other names, and follows an external one there", async () => {
  await using known = await open(EXAMPLE);
  const external = service("far", { type: "ExternalName", externalName: "web.example.org" });
  const near = service("near", { type: "ExternalName", externalName: "far.a.svc.cluster.local" });
  await using names = await open(zoneOf([external, near]), [known.address]);
  assert.deepEqual(await names.ask("web.example.org."), ["192.0.2.7"]);
  assert.deepEqual(await names.ask("far.a.svc.cluster.local."), ["192.0.2.7"]);
  assert.deepEqual(await names.ask("near.a.svc.cluster.local."), ["192.0.2.7"]);
  await assert.rejects(names.ask("nothing.example.org."), Deno.errors.NotFound);
});

Deno.test("NameServer asks the next one of the machine's where the first does not answer", async () => {
  await using known = await open(EXAMPLE);
  const silent = createSocket("udp4");
  await new Promise<void>((resolve) => silent.bind(0, LOOPBACK.address, resolve));
  try {
    const first = { ...LOOPBACK, port: silent.address().port };
    await using names = await open(zoneOf([]), [
      first,
      known.address,
    ]);
    assert.deepEqual(await names.ask("web.example.org."), ["192.0.2.7"]);
  } finally {
    silent.close();
  }
});

Deno.test("NameServer gives on the question alone, whatever else a message has", async () => {
  await using known = await open(EXAMPLE);
  await using names = await open(zoneOf([]), [known.address]);
  const name = Buffer.from("\x03web\x07example\x03org\0\0\x01\0\x01", "latin1");
  // A cookie (RFC 7873), and an option that nobody knows.
  const options = Buffer.from("\0\x0a\0\x0812345678\xfd\xe9\0\x01x", "latin1");
  const record = Buffer.concat([
    Buffer.from([0, 0, 41, 4, 208, 0, 0, 0, 0, 0, options.length]),
    options,
  ]);
  const message = Buffer.concat([header(7, 0x0120, 1, 0, 0, 1), name, record]);
  assert.equal(await rcodeOf(message, names.address), RCODE.noError);
});

Deno.test("NameServer ends although somebody is connected", async () => {
  const names = await open(zoneOf([]));
  using connection = await Deno.connect({ hostname: "127.0.0.1", port: names.address.port });
  await connection.write(Buffer.from([0]));
  await names[Symbol.asyncDispose]();
});

Deno.test("NameServer says nothing is absent before it knows", async () => {
  await using names = await open(undefined);
  const message = Buffer.concat([header(7, 0x0100, 1, 0, 0, 0), QUESTION]);
  assert.equal(await rcodeOf(message, names.address), RCODE.serverFailure);
});

Deno.test("NameServer refuses a port that somebody else has", async () => {
  await using names = await open(zoneOf([]));
  await assert.rejects(
    NameServer.listen({
      listen: names.address,
      zone: () => undefined,
      upstream: () => Promise.resolve([]),
    }),
    /EADDRINUSE|[Aa]ddress (already )?in use/,
  );
});

Deno.test("NameServer answers what is a question, and outlives what is none", async () => {
  await using names = await open(zoneOf([WEB]));
  const asked: [what: string, message: Buffer, code: number][] = [
    ["no question", header(7, 0x0100, 0, 0, 0, 0), RCODE.formatError],
    [
      "two questions",
      Buffer.concat([header(7, 0x0100, 2, 0, 0, 0), QUESTION, QUESTION]),
      RCODE.formatError,
    ],
    [
      "an update",
      Buffer.concat([header(7, 0x2800, 1, 0, 0, 0), QUESTION]),
      RCODE.notImplemented,
    ],
    [
      "fewer records than it says",
      Buffer.concat([header(7, 0x0100, 1, 9, 9, 9), QUESTION]),
      RCODE.noError,
    ],
  ];
  const socket = createSocket("udp4");
  const pointer = Buffer.from([0xc0, HEADER_BYTES, 0, 1, 0, 1]);
  const nonsense = [
    Buffer.alloc(0),
    QUESTION.subarray(0, 7),
    Buffer.concat([header(7, 0x0100, 1, 0, 0, 0), pointer]),
    Buffer.concat([header(7, 0x8100, 1, 0, 0, 0), QUESTION]),
  ];
  for (const message of nonsense) {
    await new Promise((resolve) => socket.send(message, names.address.port, "127.0.0.1", resolve));
  }
  socket.close();
  for (const [what, message, code] of asked) {
    assert.equal(await rcodeOf(message, names.address), code, what);
  }
});

/** Where all ports but one of those that are chosen from are taken for TCP: its own network namespace. */
const CROWDED = `
  ip link set lo up
  echo "40000 40007" > /proc/sys/net/ipv4/ip_local_port_range
  exec "$@"
`;
const LISTEN = `
  const { NameServer } = await import(Deno.args[0]);
  const listen = { address: "127.0.0.1", port: 0 };
  const taken = [0, 1, 2, 3, 4, 5, 6].map((each) => Deno.listen({ hostname: listen.address, port: 40000 + each }));
  await using server = await NameServer.listen({ listen, zone: () => undefined, upstream: () => Promise.resolve([]) });
  console.log(server.port);
  for (const each of taken) each.close();
`;

Deno.test({
  name: "NameServer.listen() finds a port that is free for both protocols",
  ignore: Deno.uid() !== 0,
  async fn() {
    const deno = [
      Deno.execPath(),
      "eval",
      "--config",
      new URL("../../../../deno.json", import.meta.url).pathname,
    ];
    const { stdout, stderr } = await new Deno.Command("unshare", {
      args: [
        "--net",
        "sh",
        "-ec",
        CROWDED,
        "sh",
        ...deno,
        LISTEN,
        new URL("name_server.ts", import.meta.url).href,
      ],
    }).output();
    const [port, why = ""] = [stdout, stderr].map((each) => new TextDecoder().decode(each));
    assert.equal(port, "40007\n", why);
  },
});

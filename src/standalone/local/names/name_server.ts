/**
 * The name server of guests: what a cluster's DNS is to pods. It knows the names of Services and asks the machine's own name
 * servers for all others, as CoreDNS does.
 */
import { Buffer } from "node:buffer";
import type { Socket } from "node:net";
import DNS from "dns2";
import { askUpstream, type NameServerAddress, type Transport } from "./upstream.ts";
import type { NameRecord, RecordType, Zone } from "./zone.ts";

const { Packet } = DNS;
type Packet = InstanceType<typeof Packet>;
type Question = Packet["questions"][number];
type Resource = Packet["answers"][number];

/** As the kubernetes plugin of CoreDNS has it: a change is seen within this time. */
const TTL_SECONDS = 5;
/** An external name may be the name of another Service. */
const ALIASES_MAX = 8;
/** More questions at a time than guests have; each of them holds a socket. */
const QUESTIONS_MAX = 512;
const CONNECTIONS_MAX = 128;
/** Of a port: one that is free for UDP may be taken for TCP. */
const CHOICES_MAX = 16;
const QUERY_OPCODE = 0;
const { FORMERR, NOTIMP, NXDOMAIN, SERVFAIL } = Packet.RCODE;
const TYPES: Partial<Record<number, RecordType>> = {
  [Packet.TYPE.A]: "A",
  [Packet.TYPE.SRV]: "SRV",
  [Packet.TYPE.PTR]: "PTR",
};

export interface NameServerOptions {
  /** Port 0: one that is free. */
  listen: NameServerAddress;
  /** `undefined`: not known yet, so nothing is said of it. */
  zone: () => Zone | undefined;
  /** Whom to ask of other names. */
  upstream: () => Promise<readonly NameServerAddress[]>;
}

type Send = (answer: Packet | Buffer) => unknown;

export class NameServer implements AsyncDisposable {
  readonly #options: NameServerOptions;
  readonly #udp: InstanceType<typeof DNS.UDPServer>;
  readonly #tcp: InstanceType<typeof DNS.TCPServer>;
  readonly #connections = new Set<Socket>();
  #questions = 0;

  private constructor(options: NameServerOptions) {
    this.#options = options;
    this.#udp = DNS.createUDPServer((request, send) => this.#serve(request, "udp", send as Send));
    this.#tcp = DNS.createTCPServer((request, send) => this.#serve(request, "tcp", send as Send));
    this.#tcp.maxConnections = CONNECTIONS_MAX;
    for (const server of [this.#udp, this.#tcp]) {
      // What is no message gets no answer, and one that cannot be sent does not end the process.
      server.on("requestError", () => {});
      server.on("error", () => {});
    }
    this.#tcp.on("connection", (connection: Socket) => {
      this.#connections.add(connection);
      connection.once("close", () => this.#connections.delete(connection));
    });
  }

  /** @throws Error when the port is somebody else's. */
  static async listen(options: NameServerOptions): Promise<NameServer> {
    await using refused = new AsyncDisposableStack();
    for (let attempt = 1;; attempt++) {
      const server = new NameServer(options);
      try {
        await server.#open();
        return server;
      } catch (error) {
        // Held meanwhile, so that another is chosen.
        refused.use(server);
        const isChosen = options.listen.port === 0 && attempt < CHOICES_MAX;
        if (!isChosen || (error as { code?: unknown }).code !== "EADDRINUSE") throw error;
      }
    }
  }

  async #open(): Promise<void> {
    const { address, port } = this.#options.listen;
    await opened(this.#udp, () => this.#udp.bind(port, address));
    await opened(this.#tcp, () => this.#tcp.listen(this.#udp.address().port, address));
  }

  get port(): number {
    return this.#udp.address().port;
  }

  async #serve(request: Packet, transport: Transport, send: Send): Promise<void> {
    if (request.header.qr !== 0) return; // an answer to nobody's question
    if (this.#questions >= QUESTIONS_MAX) return; // whoever asked asks again
    this.#questions++;
    try {
      await send(await this.#answer(request, transport));
    } catch {
      await Promise.try(send, failure(request, SERVFAIL)).catch(() => {});
    } finally {
      this.#questions--;
    }
  }

  async #answer(request: Packet, transport: Transport): Promise<Packet | Buffer> {
    const [question, another] = request.questions;
    if (question === undefined || another !== undefined) return failure(request, FORMERR);
    if (request.header.opcode !== QUERY_OPCODE) return failure(request, NOTIMP);
    const zone = this.#options.zone();
    if (zone === undefined) return failure(request, SERVFAIL);
    const answers: Resource[] = [];
    let { name } = question;
    for (let step = 0; step < ALIASES_MAX; step++) {
      const known = zone.lookUp(name, TYPES[question.type] ?? "other");
      if (known.kind === "absent") return failure(request, NXDOMAIN);
      if (known.kind === "foreign") {
        return await this.#foreign({ request, question, name, answers }, transport);
      }
      if (known.kind === "records") {
        answers.push(...known.records.map((record) => resourceOf(name, record)));
        return success(request, answers);
      }
      answers.push(resource(name, Packet.TYPE.CNAME, { domain: known.target }));
      name = known.target;
    }
    return failure(request, SERVFAIL);
  }

  async #foreign(
    { request, question, name, answers }: {
      request: Packet;
      question: Question;
      name: string;
      answers: Resource[];
    },
    transport: Transport,
  ): Promise<Packet | Buffer> {
    const servers = await this.#options.upstream();
    // The question alone: nothing else of a guest's message goes on.
    const asked = new Packet();
    Object.assign(asked.header, { id: request.header.id, rd: request.header.rd });
    asked.questions.push(new Packet.Question(name, question.type, question.class));
    if (answers.length === 0) return await askUpstream(asked.toBuffer(), transport, servers);
    // The way that never cuts an answer short.
    const found = Packet.parse(await askUpstream(asked.toBuffer(), "tcp", servers));
    return success(request, [...answers, ...found.answers]);
  }

  /** Who is connected does not keep it open. */
  async [Symbol.asyncDispose](): Promise<void> {
    for (const connection of this.#connections) connection.destroy();
    await Promise.all([this.#udp, this.#tcp].map((server) =>
      new Promise<void>((resolve) => {
        try {
          server.close(() => resolve());
        } catch {
          resolve(); // it was never open
        }
      })
    ));
  }
}

/** Whoever listens says so, or fails. */
async function opened(
  server: {
    once(event: string, listener: (error: Error) => void): unknown;
    off(event: string, listener: (error: Error) => void): unknown;
  },
  open: () => unknown,
): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  server.once("listening", () => resolve());
  server.once("error", reject);
  open();
  await promise;
  server.off("error", reject);
}

function success(request: Packet, answers: readonly Resource[]): Packet {
  const response = Packet.createResponseFromRequest(request);
  response.header.aa = 1;
  response.header.ra = 1;
  response.answers.push(...answers);
  return response;
}

function failure(request: Packet, rcode: number): Packet {
  const response = Packet.createErrorResponseFromRequest(request, rcode);
  response.header.ra = 1;
  return response;
}

function resourceOf(name: string, record: NameRecord): Resource {
  switch (record.type) {
    case "A":
      return resource(name, Packet.TYPE.A, { address: record.address });
    case "PTR":
      return resource(name, Packet.TYPE.PTR, { domain: record.domain });
    case "SRV": {
      const { port, target } = record;
      return resource(name, Packet.TYPE.SRV, { priority: 0, weight: 100, port, target });
    }
  }
}

function resource(name: string, type: number, data: Partial<Resource>): Resource {
  const fixed = { name, type, class: Packet.CLASS.IN, ttl: TTL_SECONDS };
  return Object.assign(new Packet.Resource(), fixed, data);
}

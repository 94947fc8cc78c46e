/** Asks the machine's own name servers what guests ask of names that are not of this machine. */
import { createSocket } from "node:dgram";
import { connect } from "node:net";
import { Buffer } from "node:buffer";

/** RFC 1035, 4.1.1 and 4.2.2. */
const HEADER_BYTES = 12;
const LENGTH_BYTES = 2;
/** Of one name server; resolvers ask again after 5 s. */
const TIMEOUT_MS = 2_000;

export type Transport = "udp" | "tcp";

export interface NameServerAddress {
  address: string;
  port: number;
}

/**
 * The first answer of the servers, asked one after the other.
 *
 * @throws Error when none has one.
 */
export async function askUpstream(
  message: Buffer,
  transport: Transport,
  servers: readonly NameServerAddress[],
): Promise<Buffer> {
  const asked: string[] = [];
  for (const server of servers) {
    try {
      return await askOne(message, transport, server);
    } catch (error) {
      asked.push(`${server.address}: ${error instanceof Error ? error.message : error}`);
    }
  }
  throw new Error(`no name server of this machine has answered: got ${asked.join("; ") || "none"}`);
}

/** Under a number of its own, so that nobody who knows the guest's can answer. */
async function askOne(
  message: Buffer,
  transport: Transport,
  server: NameServerAddress,
): Promise<Buffer> {
  const [question, number] = [Buffer.from(message), crypto.getRandomValues(new Uint16Array(1))[0]!];
  question.writeUInt16BE(number);
  const ask = transport === "udp" ? askByUdp : askByTcp;
  const answer = Buffer.from(await ask(question, server));
  message.copy(answer, 0, 0, LENGTH_BYTES);
  return answer;
}

async function askByUdp(question: Buffer, { address, port }: NameServerAddress): Promise<Buffer> {
  const socket = createSocket("udp4");
  const { promise, resolve, reject } = Promise.withResolvers<Buffer>();
  const timer = setTimeout(() => reject(new Error("no answer in time")), TIMEOUT_MS);
  socket.on("error", reject);
  socket.on("message", (data, from) => {
    if (from.address === address && from.port === port && answers(data, question)) resolve(data);
  });
  socket.send(question, port, address, (error) => error && reject(error));
  try {
    return await promise;
  } finally {
    clearTimeout(timer);
    socket.close();
  }
}

/** Its length comes first, which bounds it. */
async function askByTcp(question: Buffer, { address, port }: NameServerAddress): Promise<Buffer> {
  const { promise, resolve, reject } = Promise.withResolvers<Buffer>();
  const socket = connect({ host: address, port });
  const timer = setTimeout(() => reject(new Error("no answer in time")), TIMEOUT_MS);
  let seen = Buffer.alloc(0);
  socket.on("error", reject);
  socket.on("close", () => reject(new Error("it has closed the connection")));
  socket.on("data", (chunk: Buffer) => {
    seen = Buffer.concat([seen, chunk]);
    if (seen.length < LENGTH_BYTES) return;
    const end = LENGTH_BYTES + seen.readUInt16BE(0);
    if (seen.length < end) return;
    const answer = seen.subarray(LENGTH_BYTES, end);
    if (answers(answer, question)) resolve(answer);
    else reject(new Error("it has answered something else"));
  });
  const length = Buffer.alloc(LENGTH_BYTES);
  length.writeUInt16BE(question.length);
  socket.write(Buffer.concat([length, question]));
  try {
    return await promise;
  } finally {
    clearTimeout(timer);
    socket.destroy();
  }
}

function answers(data: Buffer, question: Buffer): boolean {
  return data.length >= HEADER_BYTES && data.readUInt16BE(0) === question.readUInt16BE(0);
}

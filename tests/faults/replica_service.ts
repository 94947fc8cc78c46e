/** A Service's part: connections to one port go to a replica that takes them. */
import { ADDRESS } from "../integration/controller_installation.ts";

export class ReplicaService implements AsyncDisposable {
  readonly #ports: () => readonly number[];
  readonly #listener: Deno.TcpListener;
  /** With the port of the replica that each leads to, once there is one. */
  readonly #connections = new Map<Deno.TcpConn, number | undefined>();
  readonly #accepting: Promise<void>;

  /** `ports`: of the replicas that are thought to live; those that refuse are passed over. */
  constructor(port: number, ports: () => readonly number[]) {
    this.#ports = ports;
    this.#listener = Deno.listen({ hostname: ADDRESS, port });
    this.#accepting = this.#accept();
  }

  /** Ends what leads to a replica: one that is frozen would keep its callers waiting. */
  drop(port: number): void {
    for (const [connection, to] of this.#connections) if (to === port) close(connection);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#listener.close();
    for (const connection of this.#connections.keys()) close(connection);
    await this.#accepting;
  }

  async #accept(): Promise<void> {
    const joined = new Set<Promise<void>>();
    for await (const client of this.#listener) {
      const pair = this.#join(client).finally(() => joined.delete(pair));
      joined.add(pair);
    }
    await Promise.all(joined);
  }

  async #join(client: Deno.TcpConn): Promise<void> {
    this.#connections.set(client, undefined);
    const replica = await this.#connect();
    if (replica !== undefined) {
      const { port } = replica.remoteAddr;
      this.#connections.set(client, port).set(replica, port);
      await Promise.all([pump(client, replica), pump(replica, client)]);
      this.#connections.delete(replica);
    }
    close(client);
    this.#connections.delete(client);
  }

  async #connect(): Promise<Deno.TcpConn | undefined> {
    for (const port of this.#ports()) {
      try {
        return await Deno.connect({ hostname: ADDRESS, port });
      } catch (error) {
        if (!(error instanceof Deno.errors.ConnectionRefused)) throw error;
      }
    }
    return undefined;
  }
}

/** Bytes one way, until either side ends; then both end. */
async function pump(from: Deno.TcpConn, to: Deno.TcpConn): Promise<void> {
  const buffer = new Uint8Array(64 * 1024);
  try {
    for (let count = await from.read(buffer); count !== null; count = await from.read(buffer)) {
      for (let done = 0; done < count;) done += await to.write(buffer.subarray(done, count));
    }
  } catch {
    // A broken side is what the pump is for.
  }
  close(from);
  close(to);
}

function close(connection: Deno.TcpConn): void {
  try {
    connection.close();
  } catch (error) {
    if (!(error instanceof Deno.errors.BadResource)) throw error;
  }
}

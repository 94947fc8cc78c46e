/** An HTTP/1.1 server over TLS that can do what servers are not to do: hang up at any moment, in the middle of anything. */

/** A request with its whole body. */
export interface FrontRequest {
  method: string;
  /** With the query. */
  path: string;
  headers: Headers;
  body: Uint8Array<ArrayBuffer>;
  /** Aborts when the caller hung up. */
  gone: AbortSignal;
}

export interface FrontReply {
  /** A whole answer. */
  answer(status: number, headers: Record<string, string>, body: string): Promise<void>;
  /** The head of an answer whose body comes in chunks. */
  begin(status: number, headers: Record<string, string>): Promise<void>;
  chunk(text: string): Promise<void>;
  end(): Promise<void>;
  /** Hangs up without another word. */
  cut(): void;
}

export type FrontHandler = (request: FrontRequest, reply: FrontReply) => Promise<void>;

const HEAD_BYTES_MAX = 64 * 1024;
const END_OF_HEAD = "\r\n\r\n";

export class HttpFront implements AsyncDisposable {
  readonly #listener: Deno.TlsListener;
  readonly #handler: FrontHandler;
  readonly #connections = new Set<FrontConnection>();
  readonly #running: Promise<void>;

  constructor(
    options: { hostname: string; cert: string; key: string; handler: FrontHandler },
  ) {
    const { hostname, cert, key, handler } = options;
    this.#handler = handler;
    this.#listener = Deno.listenTls({ hostname, port: 0, cert, key });
    this.#running = this.#accept();
  }

  get port(): number {
    return this.#listener.addr.port;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#listener.close();
    for (const connection of this.#connections) connection.close();
    await this.#running;
  }

  async #accept(): Promise<void> {
    const serving = new Set<Promise<void>>();
    for await (const tls of this.#listener) {
      const connection = new FrontConnection(tls);
      this.#connections.add(connection);
      const served = connection.serve(this.#handler).finally(() => {
        this.#connections.delete(connection);
        serving.delete(served);
      });
      serving.add(served);
    }
    await Promise.all(serving);
  }
}

class FrontConnection {
  readonly #tls: Deno.TlsConn;
  readonly #gone = new AbortController();
  #buffer = new Uint8Array();
  #wake: () => void = () => {};

  constructor(tls: Deno.TlsConn) {
    this.#tls = tls;
  }

  close(): void {
    this.#gone.abort();
    this.#wake();
    try {
      this.#tls.close();
    } catch (error) {
      if (!(error instanceof Deno.errors.BadResource)) throw error;
    }
  }

  async serve(handler: FrontHandler): Promise<void> {
    const reading = this.#read();
    for (let head = await this.#head(); head !== undefined; head = await this.#head()) {
      const request = await this.#request(head);
      if (request === undefined) break;
      try {
        await handler(request, this.#reply());
      } catch {
        break; // The caller hung up, or what is asked for the caller did.
      }
    }
    this.close();
    await reading;
  }

  /** Reads on while requests are answered: that is how a caller's leaving is seen. */
  async #read(): Promise<void> {
    const chunk = new Uint8Array(64 * 1024);
    try {
      for (let n = await this.#tls.read(chunk); n !== null; n = await this.#tls.read(chunk)) {
        const joined = new Uint8Array(this.#buffer.length + n);
        joined.set(this.#buffer);
        joined.set(chunk.subarray(0, n), this.#buffer.length);
        this.#buffer = joined;
        this.#wake();
      }
    } catch {
      // A broken connection is one that has ended.
    }
    this.close();
  }

  async #head(): Promise<string | undefined> {
    for (;;) {
      const text = new TextDecoder("latin1").decode(this.#buffer.subarray(0, HEAD_BYTES_MAX));
      const end = text.indexOf(END_OF_HEAD);
      if (end >= 0) {
        this.#buffer = this.#buffer.slice(end + END_OF_HEAD.length);
        return text.slice(0, end);
      }
      if (this.#gone.signal.aborted) return undefined;
      await new Promise<void>((resolve) => this.#wake = resolve);
    }
  }

  async #request(head: string): Promise<FrontRequest | undefined> {
    const [first = "", ...lines] = head.split("\r\n");
    const [method = "", path = ""] = first.split(" ");
    const headers = new Headers(lines.map((line): [string, string] => {
      const colon = line.indexOf(":");
      return [line.slice(0, colon), line.slice(colon + 1).trim()];
    }));
    const length = Number(headers.get("content-length") ?? 0);
    while (this.#buffer.length < length) {
      if (this.#gone.signal.aborted) return undefined;
      await new Promise<void>((resolve) => this.#wake = resolve);
    }
    const body = this.#buffer.slice(0, length);
    this.#buffer = this.#buffer.slice(length);
    return { method, path, headers, body, gone: this.#gone.signal };
  }

  #reply(): FrontReply {
    return {
      answer: async (status, headers, body) => {
        const bytes = new TextEncoder().encode(body);
        await this.#write(headOf(status, { ...headers, "content-length": `${bytes.length}` }));
        await this.#writeBytes(bytes);
      },
      begin: (status, headers) =>
        this.#write(headOf(status, { ...headers, "transfer-encoding": "chunked" })),
      chunk: async (text) => {
        const bytes = new TextEncoder().encode(text);
        await this.#write(`${bytes.length.toString(16)}\r\n`);
        await this.#writeBytes(bytes);
        await this.#write("\r\n");
      },
      end: () => this.#write("0\r\n\r\n"),
      cut: () => this.close(),
    };
  }

  async #write(text: string): Promise<void> {
    await this.#writeBytes(new TextEncoder().encode(text));
  }

  async #writeBytes(bytes: Uint8Array): Promise<void> {
    for (let done = 0; done < bytes.length;) done += await this.#tls.write(bytes.subarray(done));
  }
}

function headOf(status: number, headers: Record<string, string>): string {
  const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`);
  return `HTTP/1.1 ${status} Status\r\n${lines.join("")}\r\n`;
}

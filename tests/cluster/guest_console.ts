import type { ApiServer } from "./api_server.ts";

const PROTOCOL = "plain.kubevirt.io";
const TRANSCRIPT_TAIL_CHARACTERS = 1_500;

/** A guest's serial console, or one of its ports, through the aggregated API, as a person would use it. */
export class GuestConsole implements AsyncDisposable {
  readonly #socket: WebSocket;
  readonly #closed = Promise.withResolvers<void>();
  /** All that was seen since the last {@link expect} that succeeded. */
  #unread = "";
  #wake: () => void = () => {};

  private constructor(socket: WebSocket) {
    this.#socket = socket;
    const decoder = new TextDecoder();
    socket.binaryType = "arraybuffer";
    socket.onmessage = ({ data }) => {
      this.#unread += typeof data === "string" ? data : decoder.decode(data, { stream: true });
      this.#wake();
    };
    socket.onclose = () => {
      this.#closed.resolve();
      this.#wake();
    };
  }

  /** Of a running guest. @param subresource or "portforward/22" */
  static async open(
    api: ApiServer,
    vmi: { namespace: string; name: string },
    subresource = "console",
  ): Promise<GuestConsole> {
    const socket = api.webSocket(
      `/apis/subresources.kubevirt.io/v1/namespaces/${vmi.namespace}/virtualmachineinstances/${vmi.name}/${subresource}`,
      PROTOCOL,
    );
    const opened = new GuestConsole(socket);
    await new Promise<void>((resolve, reject) => {
      socket.onopen = () => resolve();
      socket.onerror = (event) =>
        reject(
          new Error(
            `Cannot open ${subresource} of ${vmi.namespace}/${vmi.name}: ${
              (event as ErrorEvent).message
            }`,
          ),
        );
    });
    socket.onerror = () => {};
    if (socket.protocol !== PROTOCOL) {
      throw new Error(`Cannot use the console: subprotocol: got "${socket.protocol}"`);
    }
    return opened;
  }

  type(text: string): void {
    this.#socket.send(new TextEncoder().encode(text));
  }

  /** Waits until the guest has written something, and returns it with what came before. */
  async expect(pattern: RegExp, timeoutMs: number): Promise<string> {
    const deadline = performance.now() + timeoutMs;
    while (true) {
      const match = pattern.exec(this.#unread);
      if (match) {
        const read = this.#unread.slice(0, match.index + match[0].length);
        this.#unread = this.#unread.slice(read.length);
        return read;
      }
      const left = deadline - performance.now();
      if (left <= 0) {
        throw new Error(`Waited ${timeoutMs / 1000} s for ${pattern}: ${this.#seen()}`);
      }
      if (this.#socket.readyState !== WebSocket.OPEN) {
        throw new Error(`Cannot wait for ${pattern}: the console was closed: ${this.#seen()}`);
      }
      await this.#something(left);
    }
  }

  /** Types until the guest reacts: a getty that has just opened its line may drop what comes too early. */
  async prompt(pattern: RegExp, timeoutMs: number): Promise<string> {
    const deadline = performance.now() + timeoutMs;
    while (true) {
      this.type("\n");
      const left = deadline - performance.now();
      try {
        return await this.expect(pattern, Math.min(left, 2_000));
      } catch (cause) {
        if (performance.now() > deadline || this.#socket.readyState !== WebSocket.OPEN) {
          throw new Error(`Waited ${timeoutMs / 1000} s for a prompt ${pattern}`, { cause });
        }
      }
    }
  }

  async #something(timeoutMs: number): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    const timer = setTimeout(resolve, timeoutMs);
    this.#wake = resolve;
    await promise;
    clearTimeout(timer);
  }

  #seen(): string {
    return `saw ${JSON.stringify(this.#unread.slice(-TRANSCRIPT_TAIL_CHARACTERS))}`;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#socket.close();
    await this.#closed.promise;
  }
}

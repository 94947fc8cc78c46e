/**
 * Whether a TLS stack tells callers apart by their certificates: stacks exist that ask for one and then report success without, and
 * others that never say what they got. Who serves asks its own configuration on loopback before anybody else can.
 */
import type { AddressInfo } from "node:net";
import { createServer, request as httpsRequest, type Server } from "node:https";
import type { TLSSocket } from "node:tls";

const PROOF_TIMEOUT_MS = 10_000;

/** PEM of a certificate (leaf first) and its private key. */
export interface TlsCredential {
  certificate: string;
  key: string;
}

/** A listener's configuration, and who is somebody to it. */
export interface IdentifyingListener {
  /** Options of `node:https`. */
  tls: Record<string, unknown>;
  /** `undefined`: nobody. */
  identify: (socket: TLSSocket) => unknown;
}

/** Who calls the listeners of the proof: a stranger, until his authority is believed. */
export interface Stranger {
  /** Signed by no authority that is believed. It should look as right as it can. */
  credential: TlsCredential;
  /** PEM of who did sign it. */
  authority: string;
}

export interface CallerProof {
  /** As it is to serve, but for whom it believes: PEM of the authorities that may sign client certificates. */
  listener: (clientCas: readonly string[]) => IdentifyingListener;
  /** Whom it is to believe. */
  clientCas: readonly string[];
  stranger: Stranger;
}

/** The proof failed: this TLS stack cannot be relied upon to tell callers apart. */
export class UnprovenError extends Error {
  override readonly name = "UnprovenError";
}

/**
 * Calls listeners on loopback as nobody and as a stranger with a certificate that looks right: neither may be identified. Then
 * believes the stranger's authority too, and calls again: now it must be. A listener that asks for no certificates, or callers who
 * never arrive, would prove nothing. Takes at most 10 s for each of the three. Throws an {@link UnprovenError}, or another error
 * when a call got no answer at all.
 */
export async function proveCallersAreToldApart(
  { listener, clientCas, stranger: { authority, credential } }: CallerProof,
  signal?: AbortSignal,
): Promise<void> {
  for (const [who, caller] of [["nobody", undefined], ["stranger", credential]] as const) {
    const { peer } = await callAs(caller, listener(clientCas), signal);
    if (peer === undefined) continue;
    throw new UnprovenError(
      `Cannot serve: ${who} must not be identified: got ${JSON.stringify(peer)}`,
    );
  }
  const { peer, error } = await callAs(credential, listener([...clientCas, authority]), signal);
  if (peer !== undefined) return;
  throw new UnprovenError(
    "Cannot serve: the TLS stack must identify a caller by its certificate: " +
      (error === undefined ? "it saw none" : `the call failed: ${error.message}`),
    { cause: error },
  );
}

/** Whom a listener takes the caller for. A refused handshake is an error, and nobody. Throws when nothing happens. */
async function callAs(
  caller: TlsCredential | undefined,
  { tls, identify }: IdentifyingListener,
  signal: AbortSignal | undefined,
): Promise<{ peer?: unknown; error?: Error }> {
  let peer: unknown;
  const server = createServer(tls, (request, response) => {
    peer = identify(request.socket as TLSSocket);
    response.setHeader("connection", "close");
    response.end();
  });
  const port = await listen(server);
  const timeout = AbortSignal.timeout(PROOF_TIMEOUT_MS);
  const patience = signal === undefined ? timeout : AbortSignal.any([signal, timeout]);
  try {
    await request(port, caller, patience);
    return { peer };
  } catch (error) {
    if (!patience.aborted) return { peer, error: error as Error };
    throw new Error("Cannot serve: the proof got no answer", { cause: error });
  } finally {
    server.closeAllConnections();
    await new Promise<void>((resolve) => server.close(() => resolve()));
  }
}

async function request(
  port: number,
  caller: TlsCredential | undefined,
  signal: AbortSignal,
): Promise<void> {
  await new Promise<void>((resolve, reject) => {
    const request = httpsRequest({
      hostname: "127.0.0.1",
      port,
      agent: false,
      // The listener is our own, found by its port; whom it calls somebody is what is asked here.
      rejectUnauthorized: false,
      // An absent list would mean the authorities of the system, which are read for each call.
      ca: [],
      ...(caller === undefined ? {} : { cert: caller.certificate, key: caller.key }),
      signal,
    }, (response) => {
      response.resume();
      response.on("end", () => resolve());
    });
    request.on("error", reject);
    request.end();
  });
}

async function listen(server: Server): Promise<number> {
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen(0, "127.0.0.1", () => resolve());
  });
  return (server.address() as AddressInfo).port;
}

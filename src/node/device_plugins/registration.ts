import { Client, credentials } from "@grpc/grpc-js";
import { type Empty, type RegisterRequest, REGISTRATION } from "./protocol.ts";

const TIMEOUT_MS = 5_000;

/** Tells the kubelet behind the socket of a plugin; it then calls back. */
export async function registerPlugin(socket: string, request: RegisterRequest): Promise<void> {
  const { path, requestSerialize, responseDeserialize } = REGISTRATION.Register;
  const client = new Client(`unix:${socket}`, credentials.createInsecure());
  try {
    const { promise, resolve, reject } = Promise.withResolvers<Empty | undefined>();
    const deadline = { deadline: Date.now() + TIMEOUT_MS };
    client.makeUnaryRequest(
      path,
      requestSerialize,
      responseDeserialize,
      request,
      deadline,
      (error, answer) => error ? reject(error) : resolve(answer),
    );
    await promise;
  } catch (cause) {
    throw new Error(`Cannot register ${request.resource_name} with the kubelet`, { cause });
  } finally {
    client.close();
  }
}

import { type ClientRequest, type IncomingMessage, request as httpRequest } from "node:http";
import { request as httpsRequest } from "node:https";
import { isIPv6 } from "node:net";
import { type Answer, asking, type AskOptions, whyNot } from "./answer.ts";

export interface HttpTarget {
  scheme: "http" | "https";
  host: string;
  port: number;
  /** With its query. */
  path: string;
  headers: readonly { name: string; value: string }[];
}

/** Of the answer's status line and headers. */
export const HEADER_BYTES_MAX = 16 * 1024;
/** Answers that announce the answer (1xx); Go's client, the kubelet's, takes as many. */
export const INFORMATION_MAX = 5;
/** Programs tell probes by what this begins with. */
const USER_AGENT = "kube-probe/denovirt";

/**
 * Whether a GET is answered with a status of 200 to 399. A redirection is a success and is not followed; the body is not read.
 * Certificates are not verified, as by the kubelet: a guest's is its own.
 */
export function askHttp(target: HttpTarget, options: AskOptions): Promise<Answer> {
  return asking(options, (answer) => {
    const request = requestOf(target);
    let informationCount = 0;
    const inform = () => {
      const why = `more than ${INFORMATION_MAX} informational answers`;
      if (++informationCount > INFORMATION_MAX) answer({ result: "failure", why });
    };
    request.on("information", inform);
    request.on("upgrade", ({ statusCode }: IncomingMessage) => answer(judge(statusCode)));
    request.on("response", ({ statusCode }: IncomingMessage) => answer(judge(statusCode)));
    request.on("error", (error) => answer({ result: "failure", why: whyNot(error) }));
    request.end();
    return () => request.destroy();
  });
}

function judge(status = 0): Answer {
  if (status >= 200 && status < 400) return { result: "success" };
  return { result: "failure", why: `HTTP status ${status}` };
}

/** @throws what cannot be sent: a header, a path. */
function requestOf({ scheme, host, port, path, headers }: HttpTarget): ClientRequest {
  const options = {
    host,
    port,
    path: pathOf(path),
    headers: headersOf(headers, `${isIPv6(host) ? `[${host}]` : host}:${port}`),
    agent: false,
    maxHeaderSize: HEADER_BYTES_MAX,
  };
  return scheme === "https"
    ? httpsRequest({ ...options, rejectUnauthorized: false })
    : httpRequest(options);
}

/** Whatever host it names, the probe's is asked. */
function pathOf(path: string): string {
  const { pathname, search } = new URL(path, "http://guest");
  return `${pathname}${search}`;
}

function headersOf(given: HttpTarget["headers"], host: string): Record<string, string | string[]> {
  const values = new Map<string, string[]>();
  for (const { name, value } of given) {
    const key = name.toLowerCase();
    values.set(key, [...values.get(key) ?? [], value]);
  }
  if (!values.has("user-agent")) values.set("user-agent", [USER_AGENT]);
  if (!values.has("accept")) values.set("accept", ["*/*"]);
  else if (values.get("accept")?.[0] === "") values.delete("accept");
  return {
    ...Object.fromEntries(values),
    host: values.get("host")?.[0] || host,
    connection: "close",
  };
}

import { connect } from "node:net";
import { type Answer, asking, type AskOptions, whyNot } from "./answer.ts";

/** Whether a connection is accepted. Nothing is sent or read. */
export function askTcp(
  { host, port }: { host: string; port: number },
  options: AskOptions,
): Promise<Answer> {
  return asking(options, (answer) => {
    const socket = connect({ host, port });
    socket.on("connect", () => answer({ result: "success" }));
    socket.on("error", (error) => answer({ result: "failure", why: whyNot(error) }));
    return () => socket.destroy();
  });
}

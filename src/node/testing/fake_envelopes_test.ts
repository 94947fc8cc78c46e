import { stopWatchContract } from "../../hypervisor/stop_watch_contract.ts";
import { FakeEnvelopes } from "./fake_envelopes.ts";

stopWatchContract((name, body) =>
  Deno.test(`fake: ${name}`, async () => {
    const envelopes = new FakeEnvelopes();
    const socketPath = "/pod/compute.sock";
    envelopes.listening.set(socketPath, 1);
    await body({
      envelopes,
      socketPath,
      podUid: crypto.randomUUID(),
      terminate: () => envelopes.terminate(socketPath),
    });
  })
);

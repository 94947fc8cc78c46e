/** The contract on a real kube-apiserver: the judge of the fake. */
import { testClientContract } from "./client_contract.ts";
import { openRealServer, SKIP_NOTE, TEST_KUBECONFIG } from "./testing/real_server.ts";

testClientContract({
  name: `FetchClient on a real server${SKIP_NOTE}`,
  open: openRealServer,
  ignore: TEST_KUBECONFIG === undefined,
});

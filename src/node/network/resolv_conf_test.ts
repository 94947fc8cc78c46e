import assert from "node:assert/strict";
import { parseResolvConf, withSubdomain } from "./resolv_conf.ts";

const KUBELET = `# of the kubelet
search default.svc.cluster.local svc.cluster.local cluster.local
nameserver 10.96.0.10
nameserver fd00::a
options ndots:5
`;

Deno.test("parseResolvConf() reads servers a DHCP client can use, and search domains", () => {
  assert.deepEqual(parseResolvConf(KUBELET), {
    nameservers: ["10.96.0.10"],
    searchDomains: ["default.svc.cluster.local", "svc.cluster.local", "cluster.local"],
  });
});

Deno.test("parseResolvConf() drops what is no domain name", () => {
  const text = "search a.b\nsearch ok.local $(reboot) ;x\nnameserver 1.2.3\n";
  assert.deepEqual(parseResolvConf(text), { nameservers: [], searchDomains: ["ok.local"] });
});

Deno.test("withSubdomain() searches the subdomain's service first", () => {
  const found = withSubdomain(parseResolvConf(KUBELET), { subdomain: "db", namespace: "default" });
  assert.equal(found.searchDomains[0], "db.default.svc.cluster.local");
});

Deno.test("withSubdomain() changes nothing outside of cluster DNS", () => {
  const host = { nameservers: ["9.9.9.9"], searchDomains: ["example.com"] };
  assert.deepEqual(withSubdomain(host, { subdomain: "db", namespace: "default" }), host);
});

import type { Cluster } from "./cluster.ts";

const QUERIES: readonly (readonly string[])[] = [
  ["get", "nodes,pods", "-A", "-o", "wide"],
  ["get", "vm,vmi", "-A", "-o", "wide"],
  [
    "get",
    "vm,vmi",
    "-A",
    "-o",
    "jsonpath={range .items[*]}{.kind}/{.metadata.name}: {.status}{'\\n'}{end}",
  ],
  ["get", "events", "-A", "--sort-by=.lastTimestamp"],
  ["logs", "-n", "kubevirt", "-l", "kubevirt.io=denovirt-controller", "--tail=15"],
  ["logs", "-n", "kubevirt", "-l", "kubevirt.io=denovirt-node", "--tail=15"],
];
/** Of each answer, the end counts. */
const LINES_MAX = 30;
const LINE_CHARACTERS_MAX = 400;

/** The state of a cluster for somebody who was not there: objects, events, and what our processes said. */
export async function diagnostics(cluster: Cluster): Promise<string> {
  const parts: string[] = [];
  for (const query of QUERIES) {
    const answer = await cluster.kubectl(query).catch((error) => `${error}`);
    parts.push(`=== kubectl ${query.slice(0, 4).join(" ")}\n${tail(answer)}`);
  }
  for (const node of cluster.nodes) {
    const logs = await node.shell(
      'for f in /run/denovirt/vms/*/*.log /run/denovirt/vms/*/log/*; do [ -f "$f" ] && echo "--- $f" && tail -20 "$f"; done; true',
    ).catch((error) => `${error}`);
    parts.push(`=== domains of ${node.name}\n${tail(logs)}`);
  }
  return parts.join("\n");
}

function tail(text: string): string {
  const lines = text.trimEnd().split("\n").slice(-LINES_MAX);
  return lines.map((line) => line.slice(0, LINE_CHARACTERS_MAX)).join("\n");
}

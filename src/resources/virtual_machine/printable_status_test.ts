import assert from "node:assert/strict";
import { vmi, withMetadata, withStatus } from "../testing/builders.ts";
import { printableStatus, type PrintableStatusFacts } from "./printable_status.ts";

const DELETED = withMetadata<ReturnType<typeof vmi>>({ deletionTimestamp: "2026-01-01T00:00:00Z" });
const phase = (name: string) => withStatus({ phase: name });
const condition = (type: string, status: string, reason = "") =>
  withStatus({ conditions: [{ type, status, reason }] });

const NOTHING: PrintableStatusFacts = {
  runStrategy: "Always",
  terminating: false,
  vmi: undefined,
  deletesInstance: false,
  consecutiveFailCount: 0,
};

/** In the order of the rows; where two rows hold, the upper one must win. */
const TABLE: [expected: string, why: string, facts: Partial<PrintableStatusFacts>][] = [
  ["Terminating", "over all else", { terminating: true, vmi: vmi(phase("Running")) }],
  ["Stopping", "over Running", { vmi: vmi(phase("Running"), DELETED) }],
  ["Stopping", "by this decision", { vmi: vmi(phase("Running")), deletesInstance: true }],
  ["Stopped", "a final instance does not stop", { vmi: vmi(phase("Failed"), DELETED) }],
  ["Migrating", "over Running", {
    vmi: vmi(phase("Running"), withStatus({ migrationState: { startTimestamp: "t" } })),
  }],
  ["Running", "after a migration", {
    vmi: vmi(
      phase("Running"),
      withStatus({ migrationState: { startTimestamp: "t", completed: true } }),
    ),
  }],
  ["Paused", "over Running", { vmi: vmi(phase("Running"), condition("Paused", "True")) }],
  ["Running", "", { vmi: vmi(phase("Running")) }],
  ["ErrorPvcNotFound", "over Starting", {
    vmi: vmi(phase("Pending"), condition("Synchronized", "False", "FailedPvcNotFound")),
  }],
  ["ErrorUnschedulable", "over Starting", {
    vmi: vmi(phase("Scheduling"), condition("PodScheduled", "False", "Unschedulable")),
  }],
  ["ErrImagePull", "over Starting", {
    vmi: vmi(phase("Scheduling"), condition("Synchronized", "False", "ErrImagePull")),
  }],
  ["ImagePullBackOff", "over Starting", {
    vmi: vmi(phase("Scheduling"), condition("Synchronized", "False", "ImagePullBackOff")),
  }],
  ["Starting", "unset", { vmi: vmi() }],
  ["Starting", "pending", { vmi: vmi(phase("Pending")) }],
  ["Starting", "scheduled", { vmi: vmi(phase("Scheduled")), consecutiveFailCount: 2 }],
  ["CrashLoopBackOff", "over Stopped", { consecutiveFailCount: 1 }],
  ["CrashLoopBackOff", "with what failed", { consecutiveFailCount: 1, vmi: vmi(phase("Failed")) }],
  ["Stopped", "no strategy that restarts", { runStrategy: "Manual", consecutiveFailCount: 1 }],
  ["Stopped", "no instance", {}],
  ["Stopped", "it has ended", { vmi: vmi(phase("Succeeded")) }],
  ["WaitingForReceiver", "", { runStrategy: "WaitAsReceiver", vmi: vmi(phase("WaitingForSync")) }],
  ["Unknown", "otherwise", { vmi: vmi(phase("Unknown")) }],
];

TABLE.forEach(([expected, why, facts], index) => {
  Deno.test(`printableStatus() row ${index}: ${expected} ${why}`, () => {
    assert.equal(printableStatus({ ...NOTHING, ...facts }), expected);
  });
});

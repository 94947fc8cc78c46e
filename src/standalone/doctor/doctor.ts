/** `denovirt-node doctor`: what the machine has and lacks, with the command that puts each right. */
import { findings, hasApt, isWell, wantedPackages } from "./findings.ts";
import { installPackages } from "./install.ts";
import { type FactSources, readMachineFacts } from "./machine_facts.ts";
import { renderFindings, type ReportOptions } from "./report.ts";

export interface DoctorOptions extends FactSources, ReportOptions {
  install: boolean;
  output: "table" | "json";
  /** Standard output. */
  print: (text: string) => void;
  /** Standard error, a line at a time. */
  say: (line: string) => void;
}

/** Answers whether guests can run here. */
export async function runDoctor(options: DoctorOptions): Promise<boolean> {
  let facts = await readMachineFacts(options);
  const wanted = wantedPackages(findings(facts));
  if (options.install && wanted.length > 0) {
    if (!hasApt(facts)) {
      throw new TypeError(
        `Cannot install: it works on Debian and Ubuntu: got ${facts.os.prettyName}: ` +
          `install what Debian calls ${wanted.join(", ")}`,
      );
    }
    if (facts.uid !== 0) {
      throw new TypeError(`Cannot install: root is needed: got uid ${facts.uid}`);
    }
    await installPackages(wanted, options);
    facts = await readMachineFacts(options);
  }
  const found = findings(facts);
  options.print(
    options.output === "json"
      ? `${JSON.stringify({ ok: isWell(found), findings: found }, undefined, 2)}\n`
      : renderFindings(found, options),
  );
  return isWell(found);
}

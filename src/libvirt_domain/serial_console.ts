import type { DomainInput, Fragment } from "./configurator.ts";
import { element } from "./xml.ts";

/** The unix socket of the first serial port: QEMU listens, one client at a time. */
export const SERIAL_CONSOLE_PATH = "@VMDIR@/serial0.sock";

export function configureSerialConsole({ vmi }: DomainInput): Fragment {
  if (vmi.spec.domain.devices.autoattachSerialConsole === false) return {};
  const target = element("target", { port: 0 });
  const source = element("source", { mode: "bind", path: SERIAL_CONSOLE_PATH });
  return { devices: [element("serial", { type: "unix" }, source, target)] };
}

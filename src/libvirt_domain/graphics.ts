import type { DomainInput, Fragment } from "./configurator.ts";
import { element } from "./xml.ts";

const VIDEO_TYPES: readonly string[] = ["vga", "virtio", "bochs", "cirrus", "ramfb"];

/** A display of 16 MiB and a VNC server on a unix socket that only the node's root can reach. */
export function configureGraphics({ vmi }: DomainInput): Fragment {
  const { autoattachGraphicsDevice, video } = vmi.spec.domain.devices;
  if (autoattachGraphicsDevice === false) {
    return { devices: [element("video", {}, element("model", { type: "none" }))] };
  }
  const efi = vmi.spec.domain.firmware?.bootloader?.efi !== undefined;
  const type = video?.type || (efi ? "bochs" : "vga");
  if (!VIDEO_TYPES.includes(type)) {
    const message = `video type is not supported: got ${type}`;
    return { refusals: [{ field: "spec.domain.devices.video.type", message }] };
  }
  const vram = type === "vga" || type === "bochs" || type === "cirrus" ? 16384 : undefined;
  const heads = type === "ramfb" ? undefined : 1;
  return {
    devices: [
      element(
        "graphics",
        { type: "vnc" },
        element("listen", { type: "socket", socket: "@VMDIR@/vnc.sock" }),
      ),
      element("video", {}, element("model", { type, vram, heads })),
    ],
  };
}

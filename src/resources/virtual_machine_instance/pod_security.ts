/** Launcher pods run without any privilege: what needs one is done by the node agent, from outside. */

/** KubeVirt's user for guests, qemu in most distributions. Owns images and overlays. */
export const GUEST_USER = 107;

export const POD_SECURITY = {
  runAsUser: GUEST_USER,
  runAsGroup: GUEST_USER,
  runAsNonRoot: true,
  // Makes the emptyDirs writable to the group.
  fsGroup: GUEST_USER,
  seccompProfile: { type: "RuntimeDefault" },
} as const;

export const CONTAINER_SECURITY = {
  privileged: false,
  allowPrivilegeEscalation: false,
  runAsUser: GUEST_USER,
  runAsGroup: GUEST_USER,
  runAsNonRoot: true,
  capabilities: { drop: ["ALL"] },
  seccompProfile: { type: "RuntimeDefault" },
};

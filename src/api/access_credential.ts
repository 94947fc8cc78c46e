/** SSH keys and passwords that are put into a running guest. */
import { z } from "zod";
import { optional, setList } from "./structural.ts";

/** A Secret of the same namespace. */
export const AccessCredentialSecretSource = z.object({
  secretName: z.string(),
});
export type AccessCredentialSecretSource = z.infer<typeof AccessCredentialSecretSource>;

/** Through cloud-init's ConfigDrive. */
export const ConfigDriveSSHPublicKeyAccessCredentialPropagation = z.object({});
export type ConfigDriveSSHPublicKeyAccessCredentialPropagation = z.infer<
  typeof ConfigDriveSSHPublicKeyAccessCredentialPropagation
>;

/** Through cloud-init's NoCloud. */
export const NoCloudSSHPublicKeyAccessCredentialPropagation = z.object({});
export type NoCloudSSHPublicKeyAccessCredentialPropagation = z.infer<
  typeof NoCloudSSHPublicKeyAccessCredentialPropagation
>;

/** Through the guest agent, also while the guest runs. */
export const QemuGuestAgentSSHPublicKeyAccessCredentialPropagation = z.object({
  users: setList(z.string()),
});
export type QemuGuestAgentSSHPublicKeyAccessCredentialPropagation = z.infer<
  typeof QemuGuestAgentSSHPublicKeyAccessCredentialPropagation
>;

/** How SSH keys get into the guest; exactly one. */
export const SSHPublicKeyAccessCredentialPropagationMethod = z.object({
  configDrive: optional(ConfigDriveSSHPublicKeyAccessCredentialPropagation),
  noCloud: optional(NoCloudSSHPublicKeyAccessCredentialPropagation),
  qemuGuestAgent: optional(QemuGuestAgentSSHPublicKeyAccessCredentialPropagation),
});
export type SSHPublicKeyAccessCredentialPropagationMethod = z.infer<
  typeof SSHPublicKeyAccessCredentialPropagationMethod
>;

/** Where SSH keys come from. */
export const SSHPublicKeyAccessCredentialSource = z.object({
  secret: optional(AccessCredentialSecretSource),
});
export type SSHPublicKeyAccessCredentialSource = z.infer<typeof SSHPublicKeyAccessCredentialSource>;

/** SSH keys for the guest. */
export const SSHPublicKeyAccessCredential = z.object({
  propagationMethod: SSHPublicKeyAccessCredentialPropagationMethod,
  source: SSHPublicKeyAccessCredentialSource,
});
export type SSHPublicKeyAccessCredential = z.infer<typeof SSHPublicKeyAccessCredential>;

/** Through the guest agent, also while the guest runs. */
export const QemuGuestAgentUserPasswordAccessCredentialPropagation = z.object({});
export type QemuGuestAgentUserPasswordAccessCredentialPropagation = z.infer<
  typeof QemuGuestAgentUserPasswordAccessCredentialPropagation
>;

/** How passwords get into the guest. */
export const UserPasswordAccessCredentialPropagationMethod = z.object({
  qemuGuestAgent: optional(QemuGuestAgentUserPasswordAccessCredentialPropagation),
});
export type UserPasswordAccessCredentialPropagationMethod = z.infer<
  typeof UserPasswordAccessCredentialPropagationMethod
>;

/** Where passwords come from. */
export const UserPasswordAccessCredentialSource = z.object({
  secret: optional(AccessCredentialSecretSource),
});
export type UserPasswordAccessCredentialSource = z.infer<typeof UserPasswordAccessCredentialSource>;

/** Passwords for the guest. */
export const UserPasswordAccessCredential = z.object({
  propagationMethod: UserPasswordAccessCredentialPropagationMethod,
  source: UserPasswordAccessCredentialSource,
});
export type UserPasswordAccessCredential = z.infer<typeof UserPasswordAccessCredential>;

/** A credential that is put into the guest; exactly one kind. */
export const AccessCredential = z.object({
  sshPublicKey: optional(SSHPublicKeyAccessCredential),
  userPassword: optional(UserPasswordAccessCredential),
});
export type AccessCredential = z.infer<typeof AccessCredential>;

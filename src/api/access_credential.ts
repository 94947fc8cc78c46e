/** SSH keys and passwords that are put into a running guest. */
import * as z from "zod";
import { optional, setList } from "./structural.ts";

/** A Secret of the same namespace. */
export const AccessCredentialSecretSource = z.object({
  secretName: z.string().describe("Name of the Secret"),
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
  users: setList(z.string()).describe("Users of the guest that get the keys"),
});
export type QemuGuestAgentSSHPublicKeyAccessCredentialPropagation = z.infer<
  typeof QemuGuestAgentSSHPublicKeyAccessCredentialPropagation
>;

/** How SSH keys get into the guest; exactly one. */
export const SSHPublicKeyAccessCredentialPropagationMethod = z.object({
  configDrive: optional(ConfigDriveSSHPublicKeyAccessCredentialPropagation).describe(
    "Through cloud-init's ConfigDrive",
  ),
  noCloud: optional(NoCloudSSHPublicKeyAccessCredentialPropagation).describe(
    "Through cloud-init's NoCloud",
  ),
  qemuGuestAgent: optional(QemuGuestAgentSSHPublicKeyAccessCredentialPropagation).describe(
    "Through the guest agent, also while the guest runs",
  ),
});
export type SSHPublicKeyAccessCredentialPropagationMethod = z.infer<
  typeof SSHPublicKeyAccessCredentialPropagationMethod
>;

/** Where SSH keys come from. */
export const SSHPublicKeyAccessCredentialSource = z.object({
  secret: optional(AccessCredentialSecretSource).describe("Secret whose values are keys"),
});
export type SSHPublicKeyAccessCredentialSource = z.infer<typeof SSHPublicKeyAccessCredentialSource>;

/** SSH keys for the guest. */
export const SSHPublicKeyAccessCredential = z.object({
  propagationMethod: SSHPublicKeyAccessCredentialPropagationMethod.describe(
    "How the keys get into the guest",
  ),
  source: SSHPublicKeyAccessCredentialSource.describe("Where the keys come from"),
});
export type SSHPublicKeyAccessCredential = z.infer<typeof SSHPublicKeyAccessCredential>;

/** Through the guest agent, also while the guest runs. */
export const QemuGuestAgentUserPasswordAccessCredentialPropagation = z.object({});
export type QemuGuestAgentUserPasswordAccessCredentialPropagation = z.infer<
  typeof QemuGuestAgentUserPasswordAccessCredentialPropagation
>;

/** How passwords get into the guest. */
export const UserPasswordAccessCredentialPropagationMethod = z.object({
  qemuGuestAgent: optional(QemuGuestAgentUserPasswordAccessCredentialPropagation).describe(
    "Through the guest agent, also while the guest runs",
  ),
});
export type UserPasswordAccessCredentialPropagationMethod = z.infer<
  typeof UserPasswordAccessCredentialPropagationMethod
>;

/** Where passwords come from. */
export const UserPasswordAccessCredentialSource = z.object({
  secret: optional(AccessCredentialSecretSource).describe("Secret that maps users to passwords"),
});
export type UserPasswordAccessCredentialSource = z.infer<typeof UserPasswordAccessCredentialSource>;

/** Passwords for the guest. */
export const UserPasswordAccessCredential = z.object({
  propagationMethod: UserPasswordAccessCredentialPropagationMethod.describe(
    "How the passwords get into the guest",
  ),
  source: UserPasswordAccessCredentialSource.describe("Where the passwords come from"),
});
export type UserPasswordAccessCredential = z.infer<typeof UserPasswordAccessCredential>;

/** A credential that is put into the guest; exactly one kind. */
export const AccessCredential = z.object({
  sshPublicKey: optional(SSHPublicKeyAccessCredential).describe("SSH keys"),
  userPassword: optional(UserPasswordAccessCredential).describe("Passwords"),
});
export type AccessCredential = z.infer<typeof AccessCredential>;

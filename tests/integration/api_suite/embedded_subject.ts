import { parse } from "yaml";
import { generateCrds, KUSTOMIZATION } from "../../../src/api/generate_crds.ts";
import { createAuthority, issueLeaf } from "../../../src/certificates/x509.ts";
import { ADMIN_GROUP, Authenticator } from "../../../src/standalone/apiserver/access/identity.ts";
import type { CustomResourceDefinition } from "../../../src/standalone/apiserver/kinds/custom_kind.ts";
import { openServerBed } from "../../../src/standalone/apiserver/testing/server_bed.ts";
import type { ApiSubject } from "./run_api_case.ts";

const HOUR_MS = 3_600_000;
const TOKEN = "of-the-administrator";

/** The embedded server behind HTTPS, with all kinds and without webhooks. */
export async function openEmbedded(): Promise<ApiSubject & AsyncDisposable> {
  const nowMs = Date.now();
  const validity = { notBefore: new Date(nowMs - HOUR_MS), notAfter: new Date(nowMs + HOUR_MS) };
  const authority = await createAuthority("suite", validity);
  const serving = await issueLeaf(authority, {
    commonName: "127.0.0.1",
    usage: "server",
    names: { ip: ["127.0.0.1"] },
    validity,
  });
  const bed = await openServerBed({ definitions: allDefinitions() });
  const user = { username: "admin", groups: [ADMIN_GROUP] };
  const listener = await bed.server.listen({
    hostname: "127.0.0.1",
    port: 0,
    authenticator: new Authenticator([{ token: TOKEN, user }]),
    tls: { ...serving, clientCas: [authority.certificate] },
  });
  return {
    connection: {
      server: `https://127.0.0.1:${listener.port}`,
      caCerts: [authority.certificate],
      authorization: () => Promise.resolve(`Bearer ${TOKEN}`),
    },
    [Symbol.asyncDispose]: () => bed[Symbol.asyncDispose](),
  };
}

function allDefinitions(): CustomResourceDefinition[] {
  return [...generateCrds()].filter(([file]) => file !== KUSTOMIZATION)
    .map(([, text]) => parse(text) as CustomResourceDefinition);
}

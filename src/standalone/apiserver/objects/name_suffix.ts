/** What `generateName` ends in. */

/** The API server's own alphabet: no vowels, nothing that looks like something else. */
const ALPHABET = "bcdfghjklmnpqrstvwxz2456789";
const LENGTH = 5;

/** Five random characters. */
export function nameSuffix(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(LENGTH));
  return [...bytes].map((byte) => ALPHABET[byte % ALPHABET.length]).join("");
}

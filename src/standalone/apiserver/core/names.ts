/** The forms of names, and what Kubernetes says when a name has another (apimachinery, util/validation). */

const LABEL = "[a-z0-9]([-a-z0-9]*[a-z0-9])?";
const SUBDOMAIN = `${LABEL}(\\.${LABEL})*`;
const LABEL_1035 = "[a-z]([-a-z0-9]*[a-z0-9])?";
const QUALIFIED = "([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]";
const CONFIG_KEY = "[-._a-zA-Z0-9]+";
const LABEL_LENGTH_MAX = 63;
const SUBDOMAIN_LENGTH_MAX = 253;
const PORT_NAME_LENGTH_MAX = 15;
const MATCHED_LENGTH_MAX = 1_000;

/** What is wrong with a name; nothing when it is well formed. A prefix may end with a dash. */
export type NameRule = (name: string, prefix?: boolean) => string[];

/** A DNS subdomain: what most objects are named by. */
export function dnsSubdomain(name: string, prefix = false): string[] {
  const value = prefix ? maskTrailingDash(name) : name;
  return [
    ...tooLong(value, SUBDOMAIN_LENGTH_MAX),
    ...form(
      value,
      SUBDOMAIN,
      "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and end with an alphanumeric character",
      ["example.com"],
    ),
  ];
}

/** A DNS label: namespaces and ports. */
export function dnsLabel(name: string, prefix = false): string[] {
  const value = prefix ? maskTrailingDash(name) : name;
  const long = tooLong(value, LABEL_LENGTH_MAX);
  if (!matches(value, LABEL) && matches(value, SUBDOMAIN)) {
    return [...long, "must not contain dots"];
  }
  return [
    ...long,
    ...form(
      value,
      LABEL,
      "a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and must start and end with an alphanumeric character",
      ["my-name", "123-abc"],
    ),
  ];
}

/** A DNS label that starts with a letter: services. */
export function dnsLabel1035(name: string, prefix = false): string[] {
  const value = prefix ? maskTrailingDash(name) : name;
  return [
    ...tooLong(value, LABEL_LENGTH_MAX),
    ...form(
      value,
      LABEL_1035,
      "a DNS-1035 label must consist of lower case alphanumeric characters or '-', start with an alphabetic character, and end with an alphanumeric character",
      ["my-name", "abc-123"],
    ),
  ];
}

/** A segment of a path: what is named by others than people, such as controller revisions. */
export function pathSegment(name: string, prefix = false): string[] {
  if (!prefix && (name === "." || name === "..")) return [`may not be '${name}'`];
  return ["/", "%"].filter((each) => name.includes(each)).map((each) =>
    `may not contain '${each}'`
  );
}

const QUALIFIED_TEXT =
  "must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character";
const QUALIFIED_EXAMPLES = ["MyName", "my.name", "123-abc"];

/** A name with an optional domain: keys of labels and annotations, finalizers. */
export function qualifiedName(value: string): string[] {
  const parts = value.split("/");
  const [first = "", second] = parts;
  if (parts.length > 2) {
    const text = formText(QUALIFIED, QUALIFIED_TEXT, QUALIFIED_EXAMPLES);
    return [
      `a qualified name ${text} with an optional DNS subdomain prefix and '/' (e.g. 'example.com/MyName')`,
    ];
  }
  const name = second ?? first;
  const domain = second === undefined
    ? []
    : first === ""
    ? ["must be non-empty"]
    : dnsSubdomain(first);
  const long = name === "" ? ["must be non-empty"] : tooLong(name, LABEL_LENGTH_MAX);
  return [
    ...domain.map((text) => `prefix part ${text}`),
    ...[...long, ...form(name, QUALIFIED, QUALIFIED_TEXT, QUALIFIED_EXAMPLES)]
      .map((text) => `name part ${text}`),
  ];
}

/** The value of a label. */
export function labelValue(value: string): string[] {
  return [
    ...tooLong(value, LABEL_LENGTH_MAX),
    ...form(
      value,
      `(${QUALIFIED})?`,
      "a valid label must be an empty string or consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character",
      ["MyValue", "my_value", "12345"],
    ),
  ];
}

/** A key of a config map or a secret: it can be a file's name. */
export function configKey(value: string): string[] {
  const traversal = value === "." || value === ".."
    ? [`must not be '${value}'`]
    : value.startsWith("..")
    ? ["must not start with '..'"]
    : [];
  return [
    ...tooLong(value, SUBDOMAIN_LENGTH_MAX),
    ...form(
      value,
      CONFIG_KEY,
      "a valid config key must consist of alphanumeric characters, '-', '_' or '.'",
      ["key.name", "KEY_NAME", "key-name"],
    ),
    ...traversal,
  ];
}

/** The name of a container's port. */
export function portName(value: string): string[] {
  const errors = tooLong(value, PORT_NAME_LENGTH_MAX);
  if (!/^[-a-z0-9]+$/.test(value)) {
    errors.push("must contain only alpha-numeric characters (a-z, 0-9), and hyphens (-)");
  }
  if (!/[a-z]/.test(value)) errors.push("must contain at least one letter (a-z)");
  if (value.includes("--")) errors.push("must not contain consecutive hyphens");
  if (value.startsWith("-") || value.endsWith("-")) {
    errors.push("must not begin or end with a hyphen");
  }
  return errors;
}

/** The number of a port. */
export function portNumber(port: number): string[] {
  return port >= 1 && port <= 65_535 ? [] : ["must be between 1 and 65535, inclusive"];
}

/** Of UTF-8 for one unit of a string. */
const BYTES_PER_UNIT_MAX = 3;

function tooLong(value: string, bytesMax: number): string[] {
  if (value.length * BYTES_PER_UNIT_MAX <= bytesMax) return [];
  const bytes = value.length > bytesMax ? value.length : new TextEncoder().encode(value).length;
  return bytes > bytesMax ? [`must be no more than ${bytesMax} characters`] : [];
}

/** Of the few patterns above: every write has names to match. */
const COMPILED = new Map<string, RegExp>();

/** Of a value far beyond every limit its length is told alone: patterns take time. */
function matches(value: string, pattern: string): boolean {
  if (value.length > MATCHED_LENGTH_MAX) return true;
  let compiled = COMPILED.get(pattern);
  if (compiled === undefined) COMPILED.set(pattern, compiled = new RegExp(`^${pattern}$`));
  return compiled.test(value);
}

function form(value: string, pattern: string, text: string, examples: string[]): string[] {
  return matches(value, pattern) ? [] : [formText(pattern, text, examples)];
}

function formText(pattern: string, text: string, examples: string[]): string {
  const list = examples.map((example) => `'${example}', `).join(" or ");
  return `${text} (e.g. ${list}regex used for validation is '${pattern}')`;
}

function maskTrailingDash(name: string): string {
  return name.length > 1 && name.endsWith("-") ? `${name.slice(0, -2)}a` : name;
}

/**
 * The style guide as a test: import rings, purity, names. A violation names the file, the line and the rule, so that
 * the reader knows what to move rather than what to silence.
 */
import assert from "node:assert/strict";
import { dirname, join, normalize } from "node:path";
import { fileURLToPath } from "node:url";

const ROOT = normalize(join(dirname(fileURLToPath(import.meta.url)), ".."));

interface SourceFile {
  path: string;
  text: string;
  lines: string[];
}

function* walk(directory: string): Generator<string> {
  for (const entry of Deno.readDirSync(join(ROOT, directory))) {
    const path = `${directory}/${entry.name}`;
    if (entry.isDirectory) {
      if (entry.name !== "testdata" && entry.name !== "target") yield* walk(path);
    } else {
      yield path;
    }
  }
}

function sources(directory: string): SourceFile[] {
  return [...walk(directory)].filter((path) => path.endsWith(".ts")).sort().map((path) => {
    const text = Deno.readTextFileSync(join(ROOT, path));
    return { path, text, lines: text.split("\n") };
  });
}

const IMPORT =
  /^(?:import|export)\s[^;]*?from\s+"([^"]+)"|^import\s+"([^"]+)"|\bimport\("([^"]+)"\)/gm;

/** Repository paths for relative imports, bare specifiers as they are. */
function importsOf(file: SourceFile): string[] {
  return [...file.text.matchAll(IMPORT)].map((match) => {
    const specifier = match[1] ?? match[2] ?? match[3] ?? "";
    return specifier.startsWith(".") ? normalize(join(dirname(file.path), specifier)) : specifier;
  });
}

function isTest(path: string): boolean {
  return /(_test|_suite|_contract)\.ts$/.test(path) || path.includes("/fake/") ||
    path.includes("/testing/");
}

/** What in resources/ may do I/O; every other file there decides, defaults, validates or renders, and is pure. */
const RESOURCE_SHELL =
  /\/(observe|find|infer|act|controller|reconciler|informers?|indexes|explain)\.ts$/;

/** The rules of the embedded API server: what it stores and answers for an object, given the one that is there. */
const API_RULES =
  /^src\/standalone\/apiserver\/(patch|schema|managed_fields|openapi|core|\w+_error\.ts$)/;

function isPure(path: string): boolean {
  if (isTest(path)) return false;
  if (path.startsWith("src/libvirt_domain/")) return true;
  if (path.startsWith("src/resources/")) return !RESOURCE_SHELL.test(path);
  if (API_RULES.test(path)) return true;
  return /\/(decide|defaults|validate)\.ts$/.test(path);
}

interface Ring {
  files: (path: string) => boolean;
  name: string;
  /** Prefixes of repository paths and bare specifiers that may be imported. */
  allowed: string[];
}

const PURE_IMPORTS = [
  "src/api/",
  "src/kube/object.ts",
  "src/kube/client.ts",
  "src/kube/core_resources.ts",
  "src/runtime/reconciler.ts",
  "src/resources/",
  "zod",
  "klona/json",
];

/** First match wins. Tests may import anything. */
const RINGS: Ring[] = [
  {
    name: "api",
    files: (p) => p.startsWith("src/api/"),
    allowed: ["src/api/", "zod", "yaml", "node:"],
  },
  {
    name: "kube",
    files: (p) => p.startsWith("src/kube/"),
    allowed: ["src/kube/", "yaml", "node:"],
  },
  {
    name: "runtime",
    files: (p) => p.startsWith("src/runtime/"),
    allowed: ["src/runtime/", "src/kube/", "ws", "@types/ws", "node:"],
  },
  {
    name: "libvirt_domain",
    files: (p) => p.startsWith("src/libvirt_domain/"),
    allowed: ["src/libvirt_domain/", "src/api/"],
  },
  {
    name: "resources (pure)",
    files: (p) => p.startsWith("src/resources/") && isPure(p),
    allowed: PURE_IMPORTS,
  },
  {
    name: "resources (observe, act)",
    files: (p) => p.startsWith("src/resources/"),
    allowed: [...PURE_IMPORTS, "src/kube/", "src/runtime/"],
  },
  {
    name: "hypervisor",
    files: (p) => p.startsWith("src/hypervisor/"),
    allowed: ["src/hypervisor/", "node:", "zod"],
  },
  {
    name: "node",
    files: (p) => p.startsWith("src/node/"),
    allowed: [
      "src/node/",
      "src/api/",
      "src/kube/",
      "src/runtime/",
      "src/resources/",
      "src/libvirt_domain/",
      "src/hypervisor/",
      "src/certificates/",
      "@grpc/grpc-js",
      "commander",
      "protobufjs",
      "yaml",
      "zod",
      "ws",
      "node:",
    ],
  },
  {
    name: "certificates",
    files: (p) => p.startsWith("src/certificates/"),
    allowed: [
      "src/certificates/",
      "src/kube/",
      "src/runtime/",
      "src/api/",
      "@peculiar/x509",
      "asn1js",
      "reflect-metadata",
      "zod",
      "node:",
    ],
  },
  {
    name: "standalone (local, images, doctor)",
    files: (p) => /^src\/standalone\/(local|images|doctor)\//.test(p),
    allowed: [
      "src/standalone/local/",
      "src/standalone/images/",
      "src/standalone/doctor/",
      "src/standalone/ipv4_range.ts",
      "src/hypervisor/recorded_process.ts",
      "src/node/",
      "src/api/",
      "src/kube/",
      "src/runtime/",
      "src/resources/",
      "dns2",
      "tar-stream",
      "@types/tar-stream",
      "zod",
      "node:",
    ],
  },
  {
    name: "standalone/apiserver (rules)",
    files: (p) => API_RULES.test(p),
    allowed: [
      "src/standalone/apiserver/patch/",
      "src/standalone/apiserver/schema/",
      "src/standalone/apiserver/managed_fields/",
      "src/standalone/apiserver/openapi/",
      "src/standalone/apiserver/core/",
      "src/standalone/apiserver/status_error.ts",
      "src/standalone/ipv4_range.ts",
      "src/standalone/apiserver/field_error.ts",
      "src/kube/json.ts",
      "src/kube/object.ts",
      "src/kube/client.ts",
      "src/kube/kube_error.ts",
      "src/api/",
      "src/resources/quantity_comparison.ts",
      "@marcbachmann/cel-js",
      "node:crypto",
    ],
  },
  {
    name: "explain",
    files: (p) => p.startsWith("src/explain/"),
    allowed: ["src/explain/", "src/api/", "src/kube/", "src/runtime/", "src/resources/", "yaml"],
  },
  {
    name: "standalone/apiserver",
    files: (p) => p.startsWith("src/standalone/apiserver/"),
    allowed: [
      "src/standalone/apiserver/",
      "src/standalone/ipv4_range.ts",
      "src/kube/",
      "src/runtime/",
      "src/api/",
      "src/admission/",
      "src/subresources/",
      "src/resources/quality_of_service.ts",
      "yaml",
      "ws",
      "node:",
    ],
  },
  {
    name: "admission, subresources",
    files: (p) => p.startsWith("src/admission/") || p.startsWith("src/subresources/"),
    allowed: [
      "src/admission/",
      "src/subresources/",
      "src/certificates/",
      "src/api/",
      "src/kube/",
      "src/runtime/",
      "src/resources/",
      "yaml",
      "zod",
      "ws",
      "node:",
    ],
  },
];

function report(violations: string[]): void {
  assert.equal(
    violations.length,
    0,
    `${violations.length} violation(s):\n${violations.join("\n")}`,
  );
}

Deno.test("tidy: imports point left (api <- decide <- observe/act <- runtime <- composition root)", () => {
  const violations: string[] = [];
  for (const file of sources("src")) {
    if (isTest(file.path)) continue;
    const ring = RINGS.find((candidate) => candidate.files(file.path));
    if (ring === undefined) continue;
    for (const imported of importsOf(file)) {
      if (!ring.allowed.some((prefix) => imported.startsWith(prefix))) {
        violations.push(`${file.path}: ring "${ring.name}" may not import ${imported}`);
      }
    }
  }
  report(violations);
});

const IMPURE: [RegExp, string][] = [
  [/\bDate\.now\b|\bnew Date\(\s*\)/, "the clock (use world.now)"],
  [/\bMath\.random\b|\bcrypto\./, "randomness"],
  [/\bDeno\./, "Deno"],
  [/\bprocess\./, "process"],
  [/\bfetch\(/, "the network"],
  [/\bperformance\./, "the clock (use world.now)"],
  [/\bset(Timeout|Interval)\b/, "timers"],
  [/\bconsole\./, "the console"],
];

Deno.test("tidy: decide, defaults, validate and libvirt_domain are pure", () => {
  const violations: string[] = [];
  for (const file of sources("src").filter((source) => isPure(source.path))) {
    file.lines.forEach((line, index) => {
      if (/^\s*(\*|\/\/|\/\*)/.test(line)) return;
      for (const [pattern, what] of IMPURE) {
        if (pattern.test(line)) {
          violations.push(`${file.path}:${index + 1}: a pure file reads ${what}`);
        }
      }
    });
  }
  report(violations);
});

Deno.test("tidy: every decide.ts opens with the state diagram of its decision", () => {
  const violations = sources("src").filter((file) => file.path.endsWith("/decide.ts"))
    .filter((file) => !file.text.startsWith("/**") || !/->|→/.test(file.text.split("*/")[0] ?? ""))
    .map((file) => `${file.path}: opens without a comment that draws its states (with -> edges)`);
  report(violations);
});

Deno.test("tidy: only hypervisor/native opens a shared library", () => {
  const violations = sources("src").filter((file) =>
    !file.path.startsWith("src/hypervisor/native/")
  )
    .filter((file) => /\bDeno\.dlopen\b/.test(file.text))
    .map((file) => `${file.path}: Deno.dlopen outside src/hypervisor/native/`);
  report(violations);
});

Deno.test("tidy: zod is imported as a namespace, of which a bundle leaves out what nobody names", () => {
  const violations = sources("src")
    .filter(({ text }) => /^import \{ z \} from "zod"|\bz\.(core|locales)\.[a-z]/m.test(text))
    .map(({ path }) =>
      `${path}: takes all of zod with it; import * as z, and parts of its core by name`
    );
  report(violations);
});

/** Imports that are there when a module is loaded, types and what is loaded later aside. */
const LOADED = /^(?:import|export)\s(?!type\b)[^;]*?from\s+"([^"]+)"/gm;

Deno.test("tidy: until its API answers, standalone loads no library but Commander", () => {
  const seen = new Set<string>();
  const libraries = new Set<string>();
  const next = ["src/node.ts", "src/standalone/command.ts"];
  for (let path = next.pop(); path !== undefined; path = next.pop()) {
    if (seen.has(path) || !path.endsWith(".ts")) continue;
    seen.add(path);
    for (const [, specifier = ""] of Deno.readTextFileSync(join(ROOT, path)).matchAll(LOADED)) {
      if (specifier.startsWith(".")) next.push(normalize(join(dirname(path), specifier)));
      else if (!specifier.startsWith("node:")) libraries.add(specifier);
    }
  }
  assert.ok(seen.size > 100, `a start loads more than ${seen.size} modules`);
  assert.deepEqual([...libraries], ["commander"]);
});

Deno.test("tidy: only composition roots and config read the environment", () => {
  const allowed = /^src\/(controller|node|config)\.ts$|\/config\.ts$/;
  const violations = sources("src").filter((file) => !isTest(file.path) && !allowed.test(file.path))
    .filter((file) => /\bDeno\.env\b|\bprocess\.env\b/.test(file.text))
    .map((file) => `${file.path}: reads the environment; take it as a parameter`);
  report(violations);
});

Deno.test("tidy: files are named for the one thing they hold", () => {
  const violations: string[] = [];
  for (const file of [...sources("src"), ...sources("tests")]) {
    const name = file.path.split("/").at(-1) ?? "";
    if (!/^[a-z0-9]+(_[a-z0-9]+)*\.ts$/.test(name)) violations.push(`${file.path}: not snake_case`);
    if (/^(utils?|helpers?|common|misc|index|mod)(_test)?\.ts$/.test(name)) {
      violations.push(`${file.path}: says nothing about its content`);
    }
    if (/^export \* from/m.test(file.text)) {
      violations.push(`${file.path}: a barrel (export * from)`);
    }
  }
  report(violations);
});

Deno.test("tidy: no test waits by sleeping", () => {
  const violations: string[] = [];
  for (
    const file of [...sources("src"), ...sources("tests")].filter((source) =>
      source.path.endsWith("_test.ts")
    )
  ) {
    file.lines.forEach((line, index) => {
      if (/\bawait\s+(sleep|delay)\(\s*\d/.test(line)) {
        violations.push(`${file.path}:${index + 1}: wait on a condition with a deadline`);
      }
    });
  }
  report(violations);
});

const NAMED_PATH = /`((?:tests|src|ffi)\/[^`]+)`/g;

Deno.test("tidy: every test that docs/operations.md names is there", () => {
  const lines = Deno.readTextFileSync(join(ROOT, "docs/operations.md")).split("\n");
  const named = lines.filter((line) => line.startsWith("| ")).flatMap((row) =>
    [...row.matchAll(NAMED_PATH)].flatMap((match) => alternatives(match[1] ?? ""))
  );
  assert.notEqual(named.length, 0);
  const missing = named.filter((path) => !exists(path.replace(/[^/]*\*.*$/, "")));
  assert.deepEqual(missing, []);
});

/** "a/{b,c}" names a/b and a/c. */
function alternatives(path: string): string[] {
  const match = /^([^{]*)\{([^}]*)\}(.*)$/.exec(path);
  if (match === null) return [path];
  const [, before = "", choices = "", after = ""] = match;
  return choices.split(",").map((choice) => `${before}${choice}${after}`);
}

function exists(path: string): boolean {
  try {
    Deno.statSync(join(ROOT, path));
    return true;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return false;
    throw error;
  }
}

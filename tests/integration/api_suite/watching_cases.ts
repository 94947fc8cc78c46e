/** What a watch tells. Changes are made first and watched from the version before them, so that nothing races. */
import {
  type ApiAnswer,
  type ApiCase,
  get,
  objectOf,
  patch,
  post,
  remove,
  type RequestOptions,
  type Step,
} from "./api_case.ts";
import { CONFIG_MAPS, labelled, vm, VMS } from "./objects.ts";

const TABLE = "application/json;as=Table;v=v1;g=meta.k8s.io,application/json";
const METADATA = "application/json;as=PartialObjectMetadata;v=v1;g=meta.k8s.io,application/json";

/** From the version of an answer on. */
function watch(
  path: string,
  query: string,
  since: number,
  lines: number,
  options: RequestOptions = {},
): Step {
  return (answers: readonly ApiAnswer[]) => {
    const version = objectOf(answers, since).metadata.resourceVersion ?? "";
    const all = `watch=true&timeoutSeconds=5&resourceVersion=${version}${query}`;
    return get(200, `${path}?${all}`, { lines, ...options });
  };
}

export const WATCHING_CASES: readonly ApiCase[] = [
  {
    name: "watch: created, changed and deleted, in order",
    steps: [
      get(200, VMS),
      post(201, VMS, vm("a")),
      patch.merge(200, `${VMS}/a`, { metadata: { labels: { x: "1" } } }),
      patch.merge(200, `${VMS}/a/status`, { status: { ready: true } }),
      remove(200, `${VMS}/a`),
      watch(VMS, "", 0, 4),
    ],
  },
  {
    name: "watch: core objects are told of too",
    steps: [
      get(200, CONFIG_MAPS, { statusOnly: "the server's own objects" }),
      post(201, CONFIG_MAPS, labelled("a", { suite: "yes" })),
      patch.merge(200, `${CONFIG_MAPS}/a`, { data: { a: "1" } }),
      remove(200, `${CONFIG_MAPS}/a`),
      watch(CONFIG_MAPS, "&labelSelector=suite", 0, 3),
    ],
  },
  {
    name: "watch: objects come and go as their labels match",
    steps: [
      post(201, VMS, vm("a")),
      patch.merge(200, `${VMS}/a`, { metadata: { labels: { tier: "web" } } }),
      patch.merge(200, `${VMS}/a`, { metadata: { labels: { tier: "web", more: "1" } } }),
      patch.merge(200, `${VMS}/a`, { metadata: { labels: { tier: null } } }),
      watch(VMS, "&labelSelector=tier%3Dweb", 0, 3),
    ],
  },
  {
    name: "watch: one object by name",
    steps: [
      get(200, VMS),
      post(201, VMS, vm("a")),
      post(201, VMS, vm("b")),
      patch.merge(200, `${VMS}/b`, { metadata: { labels: { x: "1" } } }),
      watch(VMS, "&fieldSelector=metadata.name%3Db", 0, 2),
    ],
  },
  {
    name: "watch: what is there comes first without a version",
    steps: [
      post(201, VMS, vm("a")),
      post(201, VMS, vm("b")),
      get(200, `${VMS}?watch=true&timeoutSeconds=5`, { lines: 2 }),
    ],
  },
  {
    name: "watch: initial events end with a bookmark that says so",
    steps: [
      post(201, VMS, vm("a")),
      get(
        200,
        `${VMS}?watch=true&timeoutSeconds=5&sendInitialEvents=true&allowWatchBookmarks=true&resourceVersionMatch=NotOlderThan`,
        { lines: 2 },
      ),
    ],
  },
  {
    name: "watch: initial events need to be told how to match",
    steps: [get(422, `${VMS}?watch=true&sendInitialEvents=true`)],
  },
  {
    name: "watch: tables have columns once",
    steps: [
      get(200, VMS),
      post(201, VMS, vm("a")),
      patch.merge(200, `${VMS}/a`, { metadata: { labels: { x: "1" } } }),
      watch(VMS, "", 0, 2, { accept: TABLE }),
    ],
  },
  {
    name: "watch: metadata alone",
    steps: [
      get(200, VMS),
      post(201, VMS, vm("a")),
      watch(VMS, "", 0, 1, { accept: METADATA }),
    ],
  },
  {
    name: "watch: a change that changes nothing is not told",
    steps: [
      get(200, VMS),
      post(201, VMS, vm("a")),
      patch.merge(200, `${VMS}/a`, { spec: { runStrategy: "Halted" } }),
      patch.merge(200, `${VMS}/a`, { metadata: { labels: { last: "1" } } }),
      watch(VMS, "", 0, 2),
    ],
  },
  {
    name: "watch: a version that is long gone",
    steps: [get(200, `${VMS}?watch=true&timeoutSeconds=5&resourceVersion=1`, { lines: 1 })],
  },
  {
    name: "watch: a version that is no number",
    steps: [get(500, `${VMS}?watch=true&resourceVersion=abc`)],
  },
  {
    name: "watch: it ends when it was said to",
    steps: [
      get(200, VMS),
      (answers) =>
        get(
          200,
          `${VMS}?watch=true&timeoutSeconds=1&resourceVersion=${
            objectOf(answers, 0).metadata.resourceVersion
          }`,
          { lines: 1 },
        ),
    ],
  },
  {
    name: "watch: an object that waits for its finalizers is changed, then deleted",
    steps: [
      get(200, VMS),
      post(201, VMS, vm("a", { metadata: { finalizers: ["example.org/wait"] } })),
      remove(200, `${VMS}/a`),
      patch.merge(200, `${VMS}/a`, { metadata: { finalizers: null } }),
      watch(VMS, "", 0, 3),
    ],
  },
];

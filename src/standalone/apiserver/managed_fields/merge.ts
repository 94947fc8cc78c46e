/** Lays an applied value over a live one. */
import { isObject, type Json, type JsonObject } from "../../../kube/json.ts";
import {
  atomOf,
  elementOf,
  type ListAtom,
  type MapAtom,
  memberType,
  type TypeRef,
} from "./atom.ts";
import type { PathElement } from "./path_element.ts";

type Optional = Json | undefined;

/** The live value with what is applied. Applied elements keep their order among each other. */
export function mergeTyped(live: Json, applied: Json, type: TypeRef): Json {
  return merge(live, applied, type) ?? null;
}

function merge(live: Optional, applied: Optional, type: TypeRef): Optional {
  if (applied === undefined) return live;
  const atom = atomOf(type, applied);
  if (live !== undefined && atom.kind !== atomOf(type, live).kind) return applied;
  if (atom.kind === "map") {
    const [a, b] = [isObject(live) ? live : {}, isObject(applied) ? applied : {}];
    const hollow = Object.keys(a).length === 0 && Object.keys(b).length === 0;
    return atom.atomic || hollow ? applied : mergeMembers(atom, a, b);
  }
  if (atom.kind === "list") {
    const [a, b] = [Array.isArray(live) ? live : [], Array.isArray(applied) ? applied : []];
    return atom.atomic || (a.length === 0 && b.length === 0) ? applied : mergeElements(atom, a, b);
  }
  return applied;
}

function mergeMembers(atom: MapAtom, live: JsonObject, applied: JsonObject): Json {
  const merged = new Map<string, Json>(Object.entries(live));
  for (const [name, value] of Object.entries(applied)) {
    const type = memberType(atom, name) ?? { schema: undefined, preserve: true };
    merged.set(name, merge(merged.get(name), value, type) ?? null);
  }
  return Object.fromEntries(merged);
}

/**
 * Both lists are walked together. Elements of both keep the order of the applied list; what is live alone stays before the
 * element that it preceded, and what is applied alone follows the element that it followed.
 */
function mergeElements(atom: ListAtom, live: Json[], applied: Json[]): Json {
  const lives = live.map((item) => elementOf(atom, item));
  const applieds = applied.map((item) => elementOf(atom, item));
  const liveAt = indexOf(lives);
  const appliedAt = indexOf(applieds);
  const shared = applieds.filter((element) => liveAt.has(element));
  const done = new Set<PathElement>();
  const merged: Json[] = [];
  const take = (element: PathElement, index: number) => {
    done.add(element);
    const at = liveAt.get(element);
    const before = at === undefined || at === AMBIGUOUS ? undefined : live[at];
    merged.push(merge(before, applied[index], atom.element) ?? null);
  };
  let next = shared.shift();
  let l = 0;
  let a = 0;
  while (l < lives.length || a < applieds.length) {
    const mine = lives[l];
    const theirs = applieds[a];
    if (mine !== undefined && theirs !== undefined) {
      if (mine === theirs) {
        take(mine, a++);
        l++;
        next = shared.shift();
        continue;
      }
      if (appliedAt.has(mine) && next !== undefined && next !== mine) {
        l++;
        continue;
      }
    }
    if (mine !== undefined) {
      if (!appliedAt.has(mine)) {
        merged.push(live[l++]!);
        continue;
      }
      if (done.has(mine)) l++;
    }
    if (theirs !== undefined) {
      take(theirs, a++);
      if (next === theirs) next = shared.shift();
    }
  }
  return merged;
}

/** The place of an element that is there more than once. */
const AMBIGUOUS = -1;

function indexOf(elements: PathElement[]): Map<PathElement, number> {
  const places = new Map<PathElement, number>();
  elements.forEach((element, index) =>
    places.set(element, places.has(element) ? AMBIGUOUS : index)
  );
  return places;
}

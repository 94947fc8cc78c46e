import assert from "node:assert/strict";
import { afterResult, initialState, type Result } from "./thresholds.ts";

/** "+": success, "-": failure; what counts after each, likewise. */
const ROWS: [
  criterion: string,
  at: string,
  answers: string,
  success: number,
  failure: number,
  after: string,
][] = [
  ["one success is enough by default", "-", "+", 1, 3, "+"],
  ["three failures in a row are needed by default", "+", "---+", 1, 3, "++-+"],
  ["a success between failures begins their count anew", "+", "--+--+---", 1, 3, "++++++++-"],
  ["successes are counted as well", "-", "+-+++", 3, 1, "----+"],
  ["what fails already goes on failing", "-", "--", 1, 3, "--"],
  ["thresholds of one follow each answer", "+", "-+-+", 1, 1, "-+-+"],
  ["a count does not begin from the first assumption", "+", "-", 1, 2, "+"],
];

for (const [criterion, at, answers, successThreshold, failureThreshold, after] of ROWS) {
  Deno.test(`afterResult(): ${criterion}`, () => {
    let state = initialState(at === "+");
    const seen = [...answers].map((answer) => {
      const result: Result = answer === "+" ? "success" : "failure";
      state = afterResult(state, result, { successThreshold, failureThreshold });
      return state.isPassing ? "+" : "-";
    });
    assert.equal(seen.join(""), after);
  });
}

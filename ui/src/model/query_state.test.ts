import { describe, expect, it } from "vitest";
import { type ExploreState, readState, writeState } from "./query_state.ts";

const params = (state: ExploreState): URLSearchParams => {
  const out = new URLSearchParams();
  for (const [key, value] of Object.entries(writeState(state))) if (value !== null) out.set(key, value);
  return out;
};

const usual: ExploreState = {
  exprs: [],
  tab: "graph",
  stepS: null,
  stacked: false,
  log: false,
  search: "",
  prefix: "",
};

describe("the metrics page in the URL", () => {
  it("is short when everything is usual", () => {
    expect(params(usual).toString()).toBe("");
    expect(params({ ...usual, exprs: ["up"] }).toString()).toBe("expr=up");
  });

  it.each<[string, ExploreState]>([
    ["names with a search", { ...usual, search: "메모리 & disk", prefix: "node_" }],
    ["several queries", { ...usual, exprs: ['sum(rate(x{a="b&c=d"}[5m]))', "up"], tab: "table" }],
    ["an empty editor", { ...usual, exprs: [""] }],
    [
      "a chosen step, stacked, on a log scale",
      { ...usual, exprs: ["up"], stepS: 90, stacked: true, log: true, tab: "explain" },
    ],
  ])("comes back whole: %s", (_, state) => {
    expect(readState(params(state))).toEqual(state);
  });

  it("takes what others type", () => {
    expect(readState(new URLSearchParams("expr=up&tab=nonsense&step=abc"))).toEqual({ ...usual, exprs: ["up"] });
  });
});

import { describe, expect, it } from "vitest";
import { isWhole, selectorsOf, splitLabels, toggleSplit, withMatcher } from "./query_rewrite.ts";

describe("split by a label", () => {
  it.each([
    ["a rate is summed", "rate(x_total[5m])", "job", "sum by (job) (rate(x_total[5m]))"],
    ["a gauge is averaged", "node_load1", "instance", "avg by (instance) (node_load1)"],
    ["an aggregation without labels gets them", "sum(rate(x[5m]))", "job", "sum by (job) (rate(x[5m]))"],
    ["a second label is added", "sum by (job) (up)", "code", "sum by (job, code) (up)"],
    ["a label that is there is taken away", "sum by (job, code) (up)", "job", "sum by (code) (up)"],
    ["the last label leaves a plain sum", "sum by (job) (up)", "job", "sum(up)"],
    ["a trailing modifier is understood", "sum(up) by (job)", "job", "sum(up)"],
    ["without hands the label back", "sum without (cpu, mode) (x)", "mode", "sum without (cpu) (x)"],
    [
      "a quantile keeps le",
      "histogram_quantile(0.95, sum by (le) (rate(x_bucket[5m])))",
      "path",
      "histogram_quantile(0.95, sum by (le, path) (rate(x_bucket[5m])))",
    ],
    ["both sides of a quotient are split", "sum(a) / sum(b)", "job", "sum by (job) (a) / sum by (job) (b)"],
    ["topk is seen through", "topk(5, sum(x))", "job", "topk(5, sum by (job) (x))"],
    ["only the outermost fold decides", "max(sum by (a) (x))", "job", "max by (job) (sum by (a) (x))"],
    ["text in strings is not touched", 'sum(x{a="sum by (job)"})', "job", 'sum by (job) (x{a="sum by (job)"})'],
    ["unfinished text stays", "sum(rate(x)", "job", "sum(rate(x)"],
  ])("%s", (_, expr, label, after) => {
    expect(toggleSplit(expr, label)).toBe(after);
  });

  it("undoes itself", () => {
    for (const expr of [
      "sum by (job) (up)",
      "sum(a) / sum(b)",
      "histogram_quantile(0.9, sum by (le) (rate(x_bucket[5m])))",
    ]) {
      const split = toggleSplit(expr, "zone");
      expect(isWhole(split)).toBe(true);
      expect(toggleSplit(split, "zone").replaceAll(" ", "")).toBe(expr.replaceAll(" ", ""));
    }
  });

  it("knows what is split now, and le is no split", () => {
    expect(splitLabels("up")).toBeNull();
    expect(splitLabels("sum(up)")).toEqual([]);
    expect(splitLabels("histogram_quantile(0.9, sum by (le, path) (x))")).toEqual(["path"]);
  });
});

describe("matchers", () => {
  it.each([
    ["are added to a bare name", "up", 'up{job="a"}'],
    ["are added to others", 'rate(x{b="c"}[5m])', 'rate(x{b="c", job="a"}[5m])'],
    ["replace one on the same label", 'x{job=~"z.*"}', 'x{job="a"}'],
    ["go into every selector", "x / y", 'x{job="a"} / y{job="a"}'],
    ["fill empty braces", "x{}", 'x{job="a"}'],
  ])("%s", (_, expr, after) => {
    expect(withMatcher(expr, "job", "=", "a")).toBe(after);
  });
  it("escape what they carry", () => {
    expect(withMatcher("x", "path", "!=", 'C:\\"q"')).toBe('x{path!="C:\\\\\\"q\\""}');
  });
});

describe("selectors", () => {
  it("are listed once, without range and offset", () => {
    expect(selectorsOf('rate(x{a="b"}[5m] offset 1h) + x{a="b"} + y')).toEqual(['x{a="b"}', "y"]);
  });
});

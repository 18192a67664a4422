import { describe, expect, it } from "vitest";
import type { Frame, Labels } from "../model/series.ts";
import { boundOf, heatOf, shade } from "./heat.ts";

const frame = (...series: [Labels, number[]][]): Frame => ({
  times: Float64Array.of(0, 60),
  stepS: 60,
  series: series.map(([labels, values], i) => ({
    key: String(i),
    labels,
    name: "",
    values: Float64Array.from(values),
  })),
});

it.each([
  ["0.5", 0.5],
  ["1e-05", 1e-5],
  ["+Inf", Number.POSITIVE_INFINITY],
  ["", null],
  ["x", null],
  [undefined, null],
])("the bound %s is %s", (text, bound) => expect(boundOf(text)).toBe(bound));

describe("buckets as rows", () => {
  it("stand by bound and hold what is theirs alone", () => {
    const heat = heatOf(frame([{ le: "+Inf" }, [10, 8]], [{ le: "0.5" }, [4, Number.NaN]], [{ le: "1" }, [9, 8]]))!;
    expect(heat.rows.map(({ from, to }) => [from, to])).toEqual([
      [0, 0.5],
      [0.5, 1],
      [1, Number.POSITIVE_INFINITY],
    ]);
    expect(heat.rows.map((row) => [...row.amounts])).toEqual([
      [4, Number.NaN],
      [5, 8],
      [1, 0],
    ]);
    expect(heat.most).toBe(8);
  });

  it.each<[string, Frame]>([
    ["one line", frame([{ le: "1" }, [1, 1]])],
    ["a line without a bound", frame([{ le: "1" }, [1, 1]], [{ job: "a" }, [1, 1]])],
    ["two histograms", frame([{ le: "1", job: "a" }, [1, 1]], [{ le: "1", job: "b" }, [1, 1]])],
  ])("%s is none", (_, lines) => expect(heatOf(lines)).toBeNull());
});

it("a rare amount can still be seen", () => {
  expect(shade(0, 100)).toBe(0);
  expect(shade(1, 10_000)).toBeGreaterThan(0.12);
  expect(shade(100, 100)).toBe(1);
});

import { describe, expect, test } from "vitest";
import type { LogPattern } from "../api/logs.ts";
import { notable, ordered, severitiesOf } from "./patterns.ts";

const pattern = (id: string, count: number, more: Partial<LogPattern> = {}): LogPattern => ({
  id,
  pattern: id,
  count,
  severity: "info",
  services: [],
  first_ms: 0,
  last_ms: 0,
  counts: [],
  is_new: false,
  change: 1,
  search: id,
  ...more,
});
const MANY = [
  pattern("steady", 900),
  pattern("new", 5, { is_new: true, change: null }),
  pattern("new and loud", 50, { is_new: true, change: null }),
  pattern("fell", 10, { change: 0.1 }),
  pattern("grew", 40, { change: 4, severity: "error" }),
  pattern("grew from nothing much", 6, { change: 6 }),
  pattern("unknown before", 7, { change: null }),
];
const ids = (patterns: readonly LogPattern[]): string[] => patterns.map((one) => one.id);

describe("the order", () => {
  test("by lines", () => expect(ids(ordered(MANY, "lines")).slice(0, 3)).toEqual(["steady", "new and loud", "grew"]));
  test("by severity: the worst first, then the loudest", () =>
    expect(ids(ordered(MANY, "severity")).slice(0, 3)).toEqual(["grew", "steady", "new and loud"]));
  test("by change: new ones first, then what grew or fell most", () =>
    expect(ids(ordered(MANY, "change"))).toEqual([
      "new and loud",
      "new",
      "fell",
      "grew from nothing much",
      "grew",
      "steady",
      "unknown before",
    ]));
});

test("severities are counted in lines, worst first", () => {
  expect(severitiesOf(MANY)).toEqual([
    { severity: "error", lines: 40 },
    { severity: "info", lines: 978 },
  ]);
});

test("the first page hears of new patterns and of those that grew, errors first", () => {
  expect(ids(notable(MANY, 5))).toEqual(["grew", "new and loud", "new"]);
  expect(notable(MANY, 1)).toHaveLength(1);
  expect(notable([pattern("steady", 900)], 5)).toEqual([]);
});

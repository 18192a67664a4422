import { describe, expect, test } from "vitest";
import type { FieldValues } from "../api/logs.ts";
import { completed, linesBehind, offers, pieceAt, RECENT_MAX, recentFrom, searchOf, withRecent } from "./search.ts";

const field = (name: string, kind: FieldValues["kind"], ...values: string[]): FieldValues => ({
  name,
  kind,
  cardinality: values.length,
  top: values.map((value) => ({ value, count: 1 })),
});
const FIELDS = [
  field("service_name", "label", "api", "payments"),
  field("host", "label", "web-1", "edge-1"),
  field("message", "field", "결제 실패", "결제완료", "가방"),
];

/** `|` is the caret; what Tab would make of it with the first offer, caret shown. */
function tab(said: string, values: string[] = []): string {
  const caret = said.indexOf("|");
  const text = said.replace("|", "");
  const piece = pieceAt(text, caret);
  const offer = piece && offers(piece, FIELDS, values)[0];
  if (!piece || !offer) return "nothing";
  const done = completed(text, piece, offer);
  return `${done.text.slice(0, done.caret)}|${done.text.slice(done.caret)}`;
}

describe("Tab completes what stands at the caret", () => {
  test.each([
    ["ho|", "host:|"],
    ["error -ho|", "error -host:|"],
    ["host:w|", "host:web-1 |"],
    ["host:w| timeout", "host:web-1 |timeout"],
    ["host:edge|-1 x", "host:edge-1 |x"],
    ["service:p|", "service:payments |"],
    ["level:wa|", "level:warn |"],
    ["lev|", "level:|"],
    ["message:결ㅈ|", 'message:"결제 실패" |'],
    ["message:겨|", 'message:"결제 실패" |'],
    ['message:"결제 실|', 'message:"결제 실패" |'],
    ["message:갑|", "message:가방 |"],
    ["{ho|", '{host="|'],
    ['{host="w|', '{host="web-1"|'],
    ['{host="w|"} |= "x"', '{host="web-1"|} |= "x"'],
    ['{service_name="api", ho|}', '{service_name="api", host="|}'],
  ])("%s → %s", (said, expected) => {
    expect(tab(said)).toBe(expected);
  });

  test.each(["|", "error |", '"a phrase ho|', "zzz|", "duration>2|", '{host="a"} |= "ho|', "host:web-1|"])(
    "%s is left alone",
    (said) => {
      expect(tab(said)).toBe("nothing");
    },
  );

  test("values that only the server knows are offered too", () => {
    expect(tab("namespace:st|", ["prod", "staging"])).toBe("namespace:staging |");
  });
});

describe("searches made before", () => {
  test("the newest is first, each is there once, and there are few", () => {
    expect(withRecent(["a", "b"], " b ")).toEqual(["b", "a"]);
    expect(withRecent(["a"], "")).toEqual(["a"]);
    expect(withRecent([], "x".repeat(501))).toEqual([]);
    const many = Array.from({ length: 50 }, (_, i) => `${i}`).reduce<string[]>(
      (kept, one) => withRecent(kept, one),
      [],
    );
    expect(many).toHaveLength(RECENT_MAX);
    expect(many[0]).toBe("49");
  });

  test.each([
    [null, []],
    ["not json", []],
    ['{"a":1}', []],
    ['["a",1,null,"b"]', ["a", "b"]],
  ])("what is kept as %s", (kept, expected) => {
    expect(recentFrom(kept)).toEqual(expected);
  });
});

test.each([
  ['sum by (level) (count_over_time({app="x"} |= "a[b{" [1m]))', '{app="x"} |= "a[b{"'],
  ['quantile_over_time(0.9, {app="x"} | json | unwrap ms [5m]) by (route)', '{app="x"} | json'],
  ["vector(1)", ""],
])("the lines behind %s", (logql, expected) => {
  expect(linesBehind(logql)).toBe(expected);
});

test.each([
  [{ job: "api", instance: "10.0.0.1:80" }, "service:api"],
  [{ service: "결제 api", host: "web-1" }, 'service:"결제 api" host:web-1'],
  [{ job: "node", host: "db-1" }, "host:db-1"],
  [{ job: "node" }, ""],
  [{}, ""],
])("lines of %j", (labels, expected) => {
  expect(searchOf(labels as Record<string, string>)).toBe(expected);
});

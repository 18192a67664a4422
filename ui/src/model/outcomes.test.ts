import { expect, test } from "vitest";
import { refused, summed } from "./outcomes.ts";

const HOUR = 3_600_000;
const row = (outcome: string, count: number, hour: number, key = "a", reason = "") => ({
  signal: "metrics",
  key,
  outcome,
  reason,
  hour_ms: hour * HOUR,
  count,
});

test("hours are summed, what was not accepted comes first", () => {
  const rows = [
    row("accepted", 100, 2),
    row("accepted", 50, 1),
    row("invalid", 3, 1, "b", "timestamp too old"),
    row("limited", 9, 2, "b"),
  ];
  expect(summed(rows).map(({ outcome, count, lately }) => [outcome, count, lately])).toEqual([
    ["limited", 9, 9],
    ["invalid", 3, 0],
    ["accepted", 150, 100],
  ]);
  expect(refused(summed(rows))).toBe(12);
});
test("nothing received is nothing refused", () => {
  expect(refused(summed([]))).toBe(0);
});

import { expect, test } from "vitest";
import { spark } from "./spark.ts";

test("a line runs over the width, its highest value at the top", () => {
  expect(spark([0, 1, 0.5], 100, 20, 1).line).toBe("M0 20L50 0L100 10");
});
test("gaps stay gaps and a lone value is still seen", () => {
  expect(spark([1, null, 0.5, null], 90, 10, 1).line).toBe("M0 0L2 0M58 5L60 5");
});
test("nothing known draws nothing", () => {
  expect(spark([null, null], 100, 20, 1)).toEqual({ line: "", area: "" });
});
test("values over the top are cut there", () => {
  expect(spark([5, -1], 10, 10, 1).line).toBe("M0 0L10 10");
});

import { describe, expect, it } from "vitest";
import type { RelabelStep, Target, TargetPool } from "../api/types.ts";
import { changesOf, selectorOf, shownPools } from "./targets.ts";

const target = (url: string, health: Target["health"], labels: Record<string, string> = {}): Target => ({
  url,
  global_url: url,
  labels,
  discovered: {},
  health,
  last_error: "",
  advice: null,
  stand_in: "",
  last_scrape_ms: null,
  duration_s: 0,
  samples: 0,
  series_added: 0,
  interval_s: 15,
  timeout_s: 10,
});
const pool = (name: string, targets: Target[]): TargetPool => ({
  name,
  interval_s: 15,
  up: targets.filter((one) => one.health === "up").length,
  down: targets.filter((one) => one.health === "down").length,
  unknown: 0,
  dropped: 0,
  targets,
  dropped_targets: [],
});

const POOLS = [
  pool("api", [target("http://a/metrics", "up", { job: "api", instance: "a" })]),
  pool("node", [target("http://c/metrics", "up"), target("http://b/metrics", "down", { instance: "web-1:9100" })]),
];

describe("which targets are shown", () => {
  it.each([
    ["everything, failing first", "", false, ["node: b c", "api: a"]],
    ["by an address", "http://a", false, ["api: a"]],
    ["by a label", "instance=WEB", false, ["node: b"]],
    ["failing ones alone", "", true, ["node: b"]],
    ["none", "nothing like it", false, []],
  ])("%s", (_, search, onlyDown, shown) => {
    expect(
      shownPools(POOLS, search, onlyDown).map(
        (one) => `${one.name}: ${one.targets.map((t) => t.url.slice(7, 8)).join(" ")}`,
      ),
    ).toEqual(shown);
  });
});

it("a rule is shown by the labels it touched", () => {
  const step: RelabelStep = {
    yaml: "",
    before: { a: "1", gone: "x" },
    after: { a: "2", b: "3" },
    added: { b: "3" },
    changed: { a: ["1", "2"] },
    removed: ["gone"],
  };
  expect(changesOf(step)).toEqual([
    { name: "a", before: "1", after: "2" },
    { name: "b", before: null, after: "3" },
    { name: "gone", before: "x", after: null },
  ]);
});

it("the way into a target's metrics names job and instance", () => {
  expect(selectorOf({ job: "api", instance: 'a"b', other: "x" })).toBe('{job="api", instance="a\\"b"}');
});

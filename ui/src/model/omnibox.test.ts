import { describe, expect, test } from "vitest";
import { type Known, looksLikePromQL, type Meaning, nearness, understand } from "./omnibox.ts";

const KNOWN: Known = {
  pages: [
    { id: "home", title: "한눈", path: "/", aliases: ["home", "홈"] },
    { id: "hosts", title: "Hosts", path: "/hosts", aliases: ["서버"] },
    { id: "status", title: "Status", path: "/status", aliases: ["disk"] },
  ],
  hosts: ["db-1", "web-1"],
  metrics: [{ name: "node_load1", note: "1m load average." }, { name: "node_disk_read_bytes_total" }],
  acts: [{ id: "dark", title: "Dark theme", aliases: ["어둡게"] }],
};

const first = (text: string): string => {
  const [meaning] = understand(text, KNOWN);
  return meaning ? name(meaning) : "nothing";
};
function name(meaning: Meaning): string {
  switch (meaning.kind) {
    case "page":
    case "act":
      return `${meaning.kind} ${meaning.id}`;
    case "promql":
      return `promql ${meaning.expr}`;
    case "search":
      return `search ${meaning.text}`;
    default:
      return `${meaning.kind} ${meaning.name}`;
  }
}

describe("Enter does what was likeliest meant", () => {
  test.each([
    ["db-1", "host db-1"],
    ["hosts", "page hosts"],
    ["서버", "page hosts"],
    ["node_load1", "metric node_load1"],
    ["node load", "metric node_load1"],
    ["어둡게", "act dark"],
    ["rate(node_load1[5m])", "promql rate(node_load1[5m])"],
    ["up == 0", "promql up == 0"],
    ['{job="node"}', 'promql {job="node"}'],
    ["something else entirely", "search something else entirely"],
  ])("%s", (text, expected) => {
    expect(first(text)).toBe(expected);
  });

  test("an empty box offers the pages and the hosts", () => {
    expect(understand("", KNOWN).map(name)).toEqual([
      "page home",
      "page hosts",
      "page status",
      "host db-1",
      "host web-1",
    ]);
  });

  test("words can always be looked for", () => {
    expect(understand("node", KNOWN).map(name)).toContain("search node");
  });
});

test.each(["sum by (job) (up)", "a / b_total", "up{", "rate(", "1 - up", "up > 0 and down", "up==0", "a and b_total"])(
  "%s is PromQL",
  (text) => {
    expect(looksLikePromQL(text)).toBe(true);
  },
);
test.each(["hosts", "disk full", "db-1", "web", "서버 상태", "node_load1", "c++", "errors and latency"])(
  "%s is words",
  (text) => {
    expect(looksLikePromQL(text)).toBe(false);
  },
);

test("a name answers by its start before its middle, and by the beginnings of its words", () => {
  expect(nearness("node", "node_load1")).toBeGreaterThan(nearness("load", "node_load1"));
  expect(nearness("load", "node_load1")).toBeGreaterThan(nearness("oad", "node_load1"));
  expect(nearness("nml", "node_memory_load")).toBeGreaterThan(0);
  expect(nearness("xyz", "node_load1")).toBe(0);
});

import { describe, expect, test } from "vitest";
import { type Known, looksLikeLogQL, looksLikePromQL, type Meaning, nearness, understand } from "./omnibox.ts";

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
    case "logql":
      return `logql ${meaning.expr}`;
    case "trace":
    case "issue":
    case "event":
      return `${meaning.kind} ${meaning.id}`;
    case "logs":
    case "search":
      return `${meaning.kind} ${meaning.text}`;
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
    ["something else entirely", "logs something else entirely"],
    ["결제 실패", "logs 결제 실패"],
    ["level:error timeout", "logs level:error timeout"],
    ['{app="shop"} |= "결제"', 'logql {app="shop"} |= "결제"'],
    ['{app="shop"} | json | status >= 500', 'logql {app="shop"} | json | status >= 500'],
    ['{app="shop"} != "health"', 'logql {app="shop"} != "health"'],
    ['sum by (app) (rate({app="shop"} |= "x" [5m]))', 'logql sum by (app) (rate({app="shop"} |= "x" [5m]))'],
    ["SHOP-1A", "issue SHOP-1A"],
    ["MY-SHOP-Z", "issue MY-SHOP-Z"],
    ["8644cb4d-5bfd-46ea-9781-038de308f490", "event 8644cb4d5bfd46ea9781038de308f490"],
    ["4BF92F3577B34DA6A3CE929D0E0E4736", "trace 4bf92f3577b34da6a3ce929d0e0e4736"],
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

  test("words can always be looked for, in lines and in names", () => {
    expect(understand("node", KNOWN).map(name).slice(-2)).toEqual(["logs node", "search node"]);
  });

  test("a bare selector is offered for metrics and for logs", () => {
    expect(understand('{job="api"}', KNOWN).map(name)).toEqual(['promql {job="api"}', 'logql {job="api"}']);
  });

  test("a trace id may be an event's, and nothing else", () => {
    expect(understand("0".repeat(32), KNOWN).map(name)).toEqual([`trace ${"0".repeat(32)}`, `event ${"0".repeat(32)}`]);
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

test.each(['up{job="a|= b"}', 'rate(up{a="}|"}[5m])', "up == 0", '{job="x"}', "a | b"])("%s is not LogQL", (text) => {
  expect(looksLikeLogQL(text)).toBe(false);
});

test("a name answers by its start before its middle, and by the beginnings of its words", () => {
  expect(nearness("node", "node_load1")).toBeGreaterThan(nearness("load", "node_load1"));
  expect(nearness("load", "node_load1")).toBeGreaterThan(nearness("oad", "node_load1"));
  expect(nearness("nml", "node_memory_load")).toBeGreaterThan(0);
  expect(nearness("xyz", "node_load1")).toBe(0);
});

test("what may be an issue or an event besides is offered, too", () => {
  const kinds = (text: string): string[] => understand(text, KNOWN).map((one) => one.kind);
  expect(kinds("web-1")).toEqual(["host", "logs", "search", "issue"]);
  expect(kinds("4bf92f3577b34da6a3ce929d0e0e4736")).toEqual(["trace", "event"]);
  expect(kinds("SHOP-1A")).toEqual(["issue", "logs", "search"]);
});

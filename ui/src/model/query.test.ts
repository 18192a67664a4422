import { describe, expect, it } from "vitest";
import {
  aligned,
  complaintOf,
  defaultExpr,
  families,
  labelName,
  onlyName,
  paceOf,
  parseSpan,
  prefixFacets,
  rateWindow,
  selector,
  shapeOf,
  spanText,
  stepFor,
  tileExpr,
  unitOfExpr,
} from "./query.ts";

const metric = (name: string, type: string, series = 1) => ({ name, type, help: "", unit: "", series });

describe("the first question about a metric", () => {
  it.each([
    ["counters as rates", "node_cpu_seconds_total", "counter", "rate(node_cpu_seconds_total[5m])"],
    ["gauges as they are", "node_load1", "gauge", "node_load1"],
    [
      "histograms as p95",
      "http_duration_seconds",
      "histogram",
      "histogram_quantile(0.95, sum by (le) (rate(http_duration_seconds_bucket[5m])))",
    ],
    [
      "a bucket without a type is a histogram",
      "x_bucket",
      "",
      "histogram_quantile(0.95, sum by (le) (rate(x_bucket[5m])))",
    ],
    ["an unknown _total is a counter", "jobs_total", "unknown", "rate(jobs_total[5m])"],
    ["an unknown name is a gauge", "queue_depth", "", "queue_depth"],
    ["the count of a histogram is a counter", "x_count", "histogram", "rate(x_count[5m])"],
    ["names of OpenTelemetry need quotes", "http.server.duration", "gauge", '{"http.server.duration"}'],
    ["so do Korean ones", "주문_수", "counter", 'rate({"주문_수"}[5m])'],
  ])("%s", (_, name, type, expr) => {
    expect(defaultExpr(metric(name, type))).toBe(expr);
  });

  it("is folded to one line for a tile", () => {
    expect(tileExpr(metric("a_total", "counter"), "1m")).toBe("sum(rate(a_total[1m]))");
    expect(tileExpr(metric("a", "gauge"), "1m")).toBe("avg(a)");
    expect(tileExpr(metric("a_info", "gauge"), "1m")).toBe("count(a_info)");
  });

  it("carries matchers", () => {
    expect(selector("up", 'job="node"')).toBe('up{job="node"}');
    expect(selector("a.b", 'job="node"')).toBe('{"a.b",job="node"}');
    expect(shapeOf(metric("node_uname_info", "gauge"))).toBe("info");
  });
});

describe("the step", () => {
  it.each([
    ["an hour on a wide screen is as fine as the data", 3_600_000, 1200, 15],
    ["an hour on a phone", 3_600_000, 330, 30],
    ["a day", 86_400_000, 1200, 300],
    ["a month", 30 * 86_400_000, 1200, 7200],
    ["years fall on whole days", 900 * 86_400_000, 600, 604_800],
  ])("%s", (_, range, width, step) => {
    expect(stepFor(range, width)).toBe(step);
  });

  it("puts the range on its grid so that refreshing does not wobble", () => {
    expect(aligned(61_000, 119_000, 30)).toEqual({ start_ms: 60_000, end_ms: 120_000, step_ms: 30_000 });
  });

  it("widens the window of rate with the step", () => {
    expect(rateWindow(15)).toBe("1m");
    expect(rateWindow(300)).toBe("5m15s");
  });

  it.each([
    [20, 15],
    [19, 15],
    [10, 30],
    [5, 60],
    [4, 60],
    [2, 120],
    [1, 300],
    [null, 15],
  ])("takes %s readings in five minutes for one in %d s", (readings, pace) => {
    expect(paceOf(readings)).toBe(pace);
  });

  it("widens the window of rate for hosts that report slowly", () => {
    expect(rateWindow(15, 60)).toBe("4m");
  });

  it.each([
    ["90", 90],
    ["1m30s", 90],
    ["5m", 300],
    ["1d", 86_400],
    ["", null],
    ["5x", null],
    ["0", null],
  ])("reads %j as %s seconds", (text, seconds) => {
    expect(parseSpan(text)).toBe(seconds);
  });

  it("writes what it reads", () => {
    for (const s of [1, 59, 60, 90, 3600, 86_400, 90_061]) expect(parseSpan(spanText(s))).toBe(s);
  });
});

describe("names", () => {
  it("of one histogram become one entry", () => {
    const all = families([
      metric("d_bucket", "histogram", 12),
      metric("d_count", "histogram", 1),
      metric("d_sum", "histogram", 1),
      metric("up", "gauge"),
    ]);
    expect(all.map((m) => [m.name, m.type, m.series])).toEqual([
      ["d", "histogram", 14],
      ["up", "gauge", 1],
    ]);
  });
  it("that only look like parts stay", () => {
    expect(families([metric("requests_count", "counter"), metric("rooms_sum", "gauge")]).map((m) => m.name)).toEqual([
      "requests_count",
      "rooms_sum",
    ]);
  });
  it("gather under prefixes", () => {
    const names = ["node_cpu_a", "node_cpu_b", "node_memory_x", "up", "go_gc", "go_info"];
    expect(prefixFacets(names)).toEqual([
      { prefix: "node_", count: 3 },
      { prefix: "go_", count: 2 },
    ]);
    expect(prefixFacets(names, "node_")).toEqual([{ prefix: "node_cpu_", count: 2 }]);
  });
});

describe("units of expressions", () => {
  it.each([
    ["rate(node_network_receive_bytes_total[5m])", "bytes/s"],
    ["sum(node_memory_MemFree_bytes)", "bytes"],
    ["histogram_quantile(0.95, sum by (le) (rate(http_request_duration_seconds_bucket[5m])))", "seconds"],
    ["sum(rate(node_cpu_seconds_total[5m]))", "ratio"],
    ["rate(http_requests_total[5m])", "/s"],
    ["count(node_cpu_seconds_total)", "count"],
    ["node_memory_MemFree_bytes / node_memory_MemTotal_bytes", "count"],
    ["up", "count"],
  ])("%s is in %s", (expr, unit) => {
    expect(unitOfExpr(expr)).toBe(unit);
  });
});

describe("the place of a fault", () => {
  it.each([
    ['parse error at character 13: unexpected ")"', "sum(rate(x)))", 12],
    ["1:5: parse error: unexpected end of input", "sum(", 4],
    ['2:3: parse error: unexpected "+"', "up\n  + +", 5],
    ['1:17: parse error: unexpected ")"', 'x{a="결제"} ) )', 12],
    ["parse error at char 4: bad", "🙂 up", 4],
    ["query timed out", "up", null],
  ])("%s", (message, expr, at) => {
    expect(complaintOf(message, expr).at).toBe(at);
  });
});

it.each([
  ["job", "job"],
  ["http.method", '"http.method"'],
  ["서비스", '"서비스"'],
])("the label %s is written %s", (name, written) => expect(labelName(name)).toBe(written));

it.each([
  ["up", "up"],
  [' up{job="x"} ', "up"],
  ["rate(up[5m])", null],
  ["up + 1", null],
  ["", null],
  ["up[5m]", null],
])("%s is the name %s alone", (expr, name) => expect(onlyName(expr)).toBe(name));

import { describe, expect, it } from "vitest";
import { asText, contexts, crumbs, firstOpen, framesOf, message, request, runs, shownRepr, thrown } from "./event.ts";

const frame = (fn: string, inApp: boolean, more: object = {}) => ({
  function: fn,
  module: "m",
  lineno: 7,
  in_app: inApp,
  ...more,
});

describe("an event's payload", () => {
  it("shows the failing call first and the source around it", () => {
    const [first, second] = framesOf({
      frames: [
        frame("outer", true),
        frame("inner", true, { pre_context: ["a", "b"], context_line: "c", post_context: ["d"] }),
      ],
    });
    expect(first?.function).toBe("inner");
    expect(first?.source).toEqual([
      [5, "a", false],
      [6, "b", false],
      [7, "c", true],
      [8, "d", false],
    ]);
    expect(second?.source).toEqual([]);
  });

  it("shows what was raised before what caused it", () => {
    const it_ = thrown({
      exception: {
        values: [
          { type: "KeyError", value: "'x'" },
          { type: "PayError", mechanism: { handled: false }, stacktrace: { frames: [frame("f", true)] } },
        ],
      },
    });
    expect(it_.map((one) => one.type)).toEqual(["PayError", "KeyError"]);
    expect(it_[0]?.handled).toBe(false);
  });

  it("finds a message's stack at its thread", () => {
    const it_ = thrown({
      message: "hi",
      threads: { values: [{ current: true, stacktrace: { frames: [frame("f", true)] } }] },
    });
    expect(it_[0]?.frames[0]?.function).toBe("f");
  });

  it("folds library frames between the app's, but never the failing call", () => {
    const frames = framesOf({
      frames: [
        frame("lib1", false),
        frame("app", true),
        frame("lib2", false),
        frame("lib3", false),
        frame("raise", false),
      ],
    });
    expect(runs(frames, true).map((run) => [run.folded, run.frames.map((one) => one.frame.function)])).toEqual([
      [false, ["raise"]],
      [true, ["lib3", "lib2"]],
      [false, ["app"]],
      [true, ["lib1"]],
    ]);
    expect(runs(frames, false)).toHaveLength(1);
    expect(frames[firstOpen(frames)]?.function).toBe("app");
  });

  it("keeps contexts that are plain values", () => {
    expect(
      contexts({ contexts: { os: { name: "Linux", type: "os" }, tier: "gold", none: null, trace: { trace_id: "a" } } }),
    ).toEqual([
      { name: "os", rows: [["name", "Linux"]] },
      { name: "tier", rows: [["", "gold"]] },
    ]);
  });

  it("reads a request in each of its shapes", () => {
    expect(request({ request: { url: "/x", query_string: "a=1&b=2", headers: [["Host", "a.kr"]] } })).toMatchObject({
      query: [
        ["a", "1"],
        ["b", "2"],
      ],
      headers: [["Host", "a.kr"]],
    });
    expect(request({})).toBeNull();
  });

  it("reads breadcrumbs with either kind of time", () => {
    expect(
      crumbs({ breadcrumbs: [{ timestamp: 1700000000, message: "a" }, { timestamp: "2023-11-14T22:13:20Z" }, 3] }).map(
        (one) => one.ms,
      ),
    ).toEqual([1700000000000, 1700000000000]);
  });

  it.each([
    {},
    { exception: 3 },
    { exception: { values: [null, 1, "x"] } },
    { breadcrumbs: { values: {} } },
    { contexts: [] },
    { threads: { values: [{}] } },
  ])("stands whatever comes: %j", (payload) => {
    expect(() => [
      thrown(payload),
      crumbs(payload),
      contexts(payload),
      request(payload),
      message(payload),
      asText("t", payload),
    ]).not.toThrow();
  });

  it("says an HTTP call of the trail in a line, and keeps data of any shape", () => {
    const trail = crumbs({
      breadcrumbs: [
        { type: "http", data: { url: "http://pg/charge", method: "POST", "http.response.status_code": 502 } },
        { data: "text" },
        { category: "query", message: "SELECT 1", data: { url: "not said twice" } },
      ],
    });
    expect(trail.map((one) => one.message)).toEqual(["POST http://pg/charge [502]", "", "SELECT 1"]);
    expect(trail.map((one) => one.data)).toEqual([[], [["", "text"]], [["url", "not said twice"]]]);
  });

  it("puts what the interpreter keeps for itself behind the locals", () => {
    const [one] = framesOf({
      frames: [frame("f", true, { vars: { __name__: "m", order: 7, __doc__: "d", cart: 1 } })],
    });
    expect(one?.vars.map(([name]) => name)).toEqual(["order", "cart", "__name__", "__doc__"]);
  });

  it("shows what Python wrote without a second pair of quotes", () => {
    const [one] = thrown({ platform: "python", exception: [{ stacktrace: { frames: [frame("f", true)] } }] });
    expect(one?.frames[0]?.reprs).toBe(true);
    expect(shownRepr([{ sku: "'A-1'", qty: "2" }, []])).toBe("[\n  {\n    sku: 'A-1',\n    qty: 2\n  },\n  []\n]");
    expect(shownRepr("'A-1'")).toBe("'A-1'");
  });
});

import { describe, expect, test } from "vitest";
import {
  DEFAULT,
  defaultFor,
  isRelative,
  momentOf,
  parseMoment,
  parsePasted,
  parseRange,
  refreshEvery,
  shifted,
  wall,
  written,
  zoomedOut,
} from "./time.ts";

const NOW = Date.UTC(2026, 10, 20, 5, 14, 31, 250); // Friday, 14:14:31 in Seoul
const iso = (ms: number | null): string | null => (ms === null ? null : new Date(ms).toISOString());

describe("a moment is read as Grafana reads it", () => {
  test.each([
    ["now", "2026-11-20T05:14:31.250Z"],
    ["now-1h", "2026-11-20T04:14:31.250Z"],
    ["now-90s", "2026-11-20T05:13:01.250Z"],
    ["now-1d+2h", "2026-11-19T07:14:31.250Z"],
    ["now - 15m", "2026-11-20T04:59:31.250Z"],
    ["now/d", "2026-11-20T00:00:00.000Z"],
    ["now/w", "2026-11-16T00:00:00.000Z"],
    ["now/M", "2026-11-01T00:00:00.000Z"],
    ["now/y", "2026-01-01T00:00:00.000Z"],
    ["now-1M", "2026-10-20T05:14:31.250Z"],
    ["now-1d/d", "2026-11-19T00:00:00.000Z"],
    ["now/h-30m", "2026-11-20T04:30:00.000Z"],
    ["1795151671250", "2026-11-20T05:14:31.250Z"],
    ["1795151671", "2026-11-20T05:14:31.000Z"],
    ["2026-11-20 02:14", "2026-11-20T02:14:00.000Z"],
    ["2026-11-20T02:14:09", "2026-11-20T02:14:09.000Z"],
    ["2026-11-20", "2026-11-20T00:00:00.000Z"],
    ["02:14", "2026-11-20T02:14:00.000Z"],
    ["2026-11-20T02:14:00+09:00", "2026-11-19T17:14:00.000Z"],
  ])("%s", (text, expected) => {
    expect(iso(parseMoment(text, { now_ms: NOW, zone: "UTC" }))).toBe(expected);
  });

  test.each([
    "",
    "nowish",
    "now-",
    "now-1x",
    "now/q",
    "2026-02-30",
    "2026-11-20 25:00",
    "24:00",
    "yesterday",
    "-5",
    "99999999999999999",
    "now-999999y",
  ])("%j is nobody's moment", (text) => {
    expect(parseMoment(text, { now_ms: NOW, zone: "UTC" })).toBeNull();
  });

  test("days begin on the person's calendar", () => {
    expect(iso(parseMoment("now/d", { now_ms: NOW, zone: "Asia/Seoul" }))).toBe("2026-11-19T15:00:00.000Z");
    expect(iso(parseMoment("02:14", { now_ms: NOW, zone: "Asia/Seoul" }))).toBe("2026-11-19T17:14:00.000Z");
  });

  test("at the end of a range a rounded day means its last moment", () => {
    const range = parseRange({ from: "now-1d/d", to: "now-1d/d" }, { now_ms: NOW, zone: "Asia/Seoul" });
    expect(iso(range?.from ?? null)).toBe("2026-11-18T15:00:00.000Z");
    expect(iso(range?.to ?? null)).toBe("2026-11-19T14:59:59.999Z");
  });

  test("a day in which summer time begins has 23 hours", () => {
    const now_ms = Date.UTC(2026, 2, 29, 12);
    const range = parseRange({ from: "now/d", to: "now/d" }, { now_ms, zone: "Europe/Berlin" });
    expect((range!.to + 1 - range!.from) / 3_600_000).toBe(23);
  });

  test("months are steps of the calendar: a month before 31 March is the last of February", () => {
    expect(iso(parseMoment("now-1M", { now_ms: Date.UTC(2026, 2, 31, 8), zone: "UTC" }))).toBe(
      "2026-02-28T08:00:00.000Z",
    );
  });
});

test.each(["UTC", "Asia/Seoul", "America/St_Johns", "Australia/Lord_Howe", "Pacific/Chatham"])(
  "what the wall of %s shows leads back to a moment at which it shows the same",
  (zone) => {
    for (let day = 0; day < 400; day += 1) {
      const ms = Date.UTC(2026, 0, 1, 4, 37, 11) + day * 86_400_000;
      expect(wall(momentOf(wall(ms, zone), zone), zone)).toEqual(wall(ms, zone));
    }
  },
);

test("a written moment is read back", () => {
  const ms = Math.floor(NOW / 1000) * 1000;
  expect(written(ms, "Asia/Seoul")).toBe("2026-11-20 14:14:31");
  expect(parseMoment(written(ms, "Asia/Seoul"), { now_ms: 0, zone: "Asia/Seoul" })).toBe(ms);
});

test("a range that ends before it begins is no range", () => {
  expect(parseRange({ from: "now", to: "now-1h" }, { now_ms: NOW, zone: "UTC" })).toBeNull();
});

test("only a range that ends now follows the clock", () => {
  expect(isRelative({ from: "now-1h", to: "now" })).toBe(true);
  expect(isRelative({ from: "now-1h", to: "1795151671250" })).toBe(false);
});

test("shifting keeps half of the range on screen", () => {
  expect(shifted({ from: 100, to: 300 }, -1)).toEqual({ from: 0, to: 200 });
  expect(shifted({ from: 100, to: 300 }, 1)).toEqual({ from: 200, to: 400 });
});

describe("zooming out", () => {
  test("doubles the range around its middle", () => {
    expect(zoomedOut({ from: 1000, to: 2000 }, 10_000)).toEqual({ from: 500, to: 2500 });
  });
  test("does not look into the future", () => {
    expect(zoomedOut({ from: 1000, to: 2000 }, 2000)).toEqual({ from: 0, to: 2000 });
  });
});

test.each([
  ['{"from":"now-6h","to":"now"}', { from: "now-6h", to: "now" }],
  ["https://grafana.example/d/abc?from=now-3h&to=now&x=1", { from: "now-3h", to: "now" }],
  ["2026-11-20 02:00 – 2026-11-20 03:00", { from: "2026-11-20 02:00", to: "2026-11-20 03:00" }],
  ["now-2h to now", { from: "now-2h", to: "now" }],
  ["hello", null],
  ["https://example.org/", null],
  ["[1,2]", null],
])("pasted %s", (text, expected) => {
  expect(parsePasted(text)).toEqual(expected);
});

test.each([
  [null, 900_000, 5000],
  [null, 3_600_000, 15_000],
  [null, 86_400_000, 60_000],
  [null, 7 * 86_400_000, 300_000],
  ["off", 3_600_000, null],
  ["30s", 3_600_000, 30_000],
  ["0s", 3_600_000, 1000],
  ["often", 3_600_000, 15_000],
])("asked for %s over %d ms it refreshes every %s ms", (chosen, span, expected) => {
  expect(refreshEvery(chosen, { from: 0, to: span })).toBe(expected);
});

test.each([
  ["a store of two minutes shows five", 120_000, "now-5m"],
  ["a store of five minutes shows a quarter of an hour", 300_000, "now-15m"],
  ["after a quarter of an hour an hour is shown", 15 * 60_000, "now-1h"],
  ["an empty store shows what it will show", null, "now-1h"],
])("%s", (_, age_ms, from) => {
  const now_ms = 1_800_000_000_000;
  expect(defaultFor(age_ms === null ? null : now_ms - age_ms, now_ms)).toEqual({ ...DEFAULT, from });
});

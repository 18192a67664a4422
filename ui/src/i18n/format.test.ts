import { beforeEach, describe, expect, test } from "vitest";
import * as format from "./format.ts";
import { locale } from "./locale.svelte.ts";

beforeEach(() => {
  locale.set("en");
  locale.timezone = "UTC";
});

describe("three digits at most", () => {
  test.each([
    [0, "0 B"],
    [999, "999 B"],
    [1000, "0.98 KiB"],
    [1536, "1.5 KiB"],
    [1.42 * 1024 ** 3, "1.42 GiB"],
    [61 * 1024 ** 3, "61 GiB"],
    [123.4 * 1024 ** 3, "123 GiB"],
    [null, "–"],
    [Number.NaN, "–"],
  ])("%s bytes read %s", (value, expected) => {
    expect(format.bytes(value)).toBe(expected);
  });
  test.each([
    [0, "0 %"],
    [0.0003, "0 %"],
    [0.071, "7.1 %"],
    [0.348, "35 %"],
    [1, "100 %"],
    [null, "–"],
  ])("%s of one reads %s", (value, expected) => {
    expect(format.percent(value)).toBe(expected);
  });
  test.each([
    [0.0004, "0.4 µs"],
    [7.1, "7.1 ms"],
    [38.44, "38.4 ms"],
    [2140, "2.14 s"],
  ])("%s ms read %s", (value, expected) => {
    expect(format.milliseconds(value)).toBe(expected);
  });
});

describe("how long something is", () => {
  test.each([
    [0, "0 s", "0초"],
    [59, "59 s", "59초"],
    [61, "1 min", "1분"],
    [3600, "1 h", "1시간"],
    [5400, "1 h 30 min", "1시간 30분"],
    [36_000 + 60, "10 h", "10시간"],
    [90_000, "1 d 1 h", "1일 1시간"],
    [12 * 86_400 + 5000, "12 d", "12일"],
    [3 * 365 * 86_400, "3 y", "3년"],
  ])("%d s", (seconds, en, ko) => {
    expect(format.duration(seconds)).toBe(en);
    locale.set("ko");
    expect(format.duration(seconds)).toBe(ko);
  });
});

test("moments are told from now", () => {
  expect(format.ago(1000, 4000)).toBe("just now");
  expect(format.ago(0, 660_000)).toBe("11 min ago");
  expect(format.ago(660_000, 0)).toBe("in 11 min");
  locale.set("ko");
  expect(format.ago(0, 660_000)).toBe("11분 전");
});

test("a moment is written in the person's zone, alike in both languages", () => {
  locale.timezone = "Asia/Seoul";
  expect(format.moment(Date.UTC(2026, 10, 20, 5, 14, 31))).toBe("2026-11-20 14:14:31 GMT+9");
  expect(format.clock(Date.UTC(2026, 10, 20, 5, 14), Date.UTC(2026, 10, 20, 6))).toBe("14:14");
  expect(format.clock(Date.UTC(2026, 10, 19, 5, 14), Date.UTC(2026, 10, 20, 6))).toBe("11-19 14:14");
});

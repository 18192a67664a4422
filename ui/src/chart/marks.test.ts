import { describe, expect, it } from "vitest";
import { type Mark, marksNear } from "./marks.ts";
import { momentLabel, timeLabels } from "./time_axis.ts";

const mark = (timeMs: number): Mark => ({ timeMs, kind: "deploy", label: String(timeMs) });

describe("marks", () => {
  it("are hit within a finger's breadth of pixels, however wide the range", () => {
    const marks = [mark(1000), mark(1400), mark(9000)];
    expect(marksNear(marks, 1100, 100).map((m) => m.timeMs)).toEqual([1000, 1400]);
    expect(marksNear(marks, 1100, 10)).toEqual([]);
  });
});

describe("labels of a time axis", () => {
  const midnight = Date.UTC(2026, 10, 20, 15, 0, 0) / 1000; // 00:00 in Seoul
  it("are on the person's wall clock, with the date where a day begins", () => {
    expect(timeLabels([midnight - 3600, midnight, midnight + 3600], 3600, "en-GB", "Asia/Seoul")).toEqual([
      "23:00",
      "21/11",
      "01:00",
    ]);
  });
  it("have seconds when ticks are closer than a minute, and days when they are a day apart", () => {
    expect(timeLabels([midnight + 5], 15, "ko-KR", "Asia/Seoul")).toEqual(["00:00:05"]);
    expect(timeLabels([midnight], 86_400, "ko-KR", "Asia/Seoul")).toEqual(["11. 21."]);
  });
  it("name the day under the crosshair when the range spans several", () => {
    expect(momentLabel(midnight, 3600, 15, "en-GB", "Asia/Seoul")).toBe("00:00:00");
    expect(momentLabel(midnight, 7 * 86_400, 3600, "en-GB", "Asia/Seoul")).toContain("21/11");
  });
});

import { describe, expect, it } from "vitest";
import { formatTicks, formatValue, type Lang, tickIncrements, type Unit, unitOfMetric, unitOfRate } from "./units.ts";

/** No-break and thin spaces are typography, not meaning: tests read better with plain ones. */
const plain = (text: string): string => text.replace(/[\u00a0\u2009]/g, " ");

describe("formatValue", () => {
  const rows: [string, number | null, Unit, Lang, string][] = [
    ["absent is a dash", null, "bytes", "en", "–"],
    ["NaN is absent", Number.NaN, "seconds", "ko", "–"],
    ["infinity is written as such", Number.POSITIVE_INFINITY, "count", "en", "∞"],
    ["bytes count in 1024s", 1536, "bytes", "en", "1.5 KiB"],
    ["bytes keep three digits", 123_456_789, "bytes", "en", "118 MiB"],
    ["just under a step rounds into it", 1024 ** 3 - 1, "bytes", "en", "1 GiB"],
    ["byte rates", 2.1 * 1024 ** 3, "bytes/s", "ko", "2.1 GiB/s"],
    ["bits count in 1000s", 12_345_678, "bits/s", "en", "12.3 Mbit/s"],
    ["ratio is shown as percent", 0.0714, "ratio", "en", "7.14 %"],
    ["a hundred percent has no decimals", 1, "ratio", "ko", "100 %"],
    ["percent is taken as it is", 91.25, "percent", "en", "91.3 %"],
    ["milliseconds", 0.94, "seconds", "en", "940 ms"],
    ["microseconds", 0.000_012, "seconds", "ko", "12 µs"],
    ["ninety seconds stay seconds", 90, "seconds", "en", "90 s"],
    ["minutes", 150, "seconds", "en", "2.5 min"],
    ["hours in Korean stand against the number", 9 * 3600, "seconds", "ko", "9시간"],
    ["days", 3 * 86400, "seconds", "ko", "3일"],
    ["counts are written out below ten thousand", 1204, "count", "en", "1,204"],
    ["counts are shortened in thousands in English", 34_567, "count", "en", "34.6k"],
    ["counts are shortened in ten-thousands in Korean", 34_567, "count", "ko", "3.46만"],
    ["Korean hundred millions", 250_000_000, "count", "ko", "2.5억"],
    ["rates say per second", 310, "/s", "en", "310 /s"],
    ["small numbers keep three digits", 0.001_234, "count", "en", "0.00123"],
    ["no negative zero", -1e-15, "count", "en", "0"],
    ["negative values keep their sign", -1536, "bytes", "en", "-1.5 KiB"],
    ["temperature", 41.5, "celsius", "ko", "41.5 °C"],
    ["frequency", 3.4e9, "hertz", "en", "3.4 GHz"],
  ];
  it.each(rows)("%s", (_, value, unit, lang, text) => {
    expect(plain(formatValue(value, unit, lang))).toBe(text);
  });
});

describe("formatTicks", () => {
  it("uses one unit and one number of decimals for the whole axis", () => {
    const half = 512 * 1024 ** 2;
    expect(formatTicks([0, half, 2 * half, 3 * half], "bytes", "en").map(plain)).toEqual([
      "0",
      "0.5 GiB",
      "1.0 GiB",
      "1.5 GiB",
    ]);
  });
  it("shows percent without decimals when the ticks need none", () => {
    expect(formatTicks([0, 0.25, 0.5, 0.75, 1], "ratio", "ko").map(plain)).toEqual([
      "0",
      "25 %",
      "50 %",
      "75 %",
      "100 %",
    ]);
  });
  it("gives small ticks the decimals that tell them apart", () => {
    expect(formatTicks([0, 0.002, 0.004], "seconds", "en").map(plain)).toEqual(["0", "2 ms", "4 ms"]);
    expect(formatTicks([1, 1.0005, 1.001], "count", "en")).toEqual(["1.0000", "1.0005", "1.0010"]);
  });
  it("survives ticks that are not finite", () => {
    expect(formatTicks([Number.NaN], "bytes", "ko")).toEqual([""]);
  });
});

describe("tickIncrements", () => {
  it("breaks bytes at powers of 1024", () => {
    expect(tickIncrements("bytes")).toContain(512 * 1024 ** 2);
    expect(tickIncrements("bytes")).not.toContain(1_000_000);
  });
  it("rises strictly, as uPlot requires", () => {
    for (const unit of ["count", "bytes", "seconds", "ratio"] as const) {
      const all = tickIncrements(unit);
      for (const [i, inc] of all.slice(1).entries()) expect(inc).toBeGreaterThan(all[i]!);
    }
  });
});

describe("unitOfMetric", () => {
  const rows: [string, Unit][] = [
    ["node_memory_MemAvailable_bytes", "bytes"],
    ["node_network_receive_bytes_total", "bytes"],
    ["node_cpu_seconds_total", "seconds"],
    ["http_request_duration_seconds_bucket", "seconds"],
    ["http_request_duration_seconds_count", "count"],
    ["node_boot_time_seconds", "count"],
    ["process_start_time_seconds", "count"],
    ["node_disk_io_time_seconds_total", "seconds"],
    ["node_load1", "count"],
    ["cache_hit_ratio", "ratio"],
    ["node_hwmon_temp_celsius", "celsius"],
    ["node_cpu_scaling_frequency_hertz", "hertz"],
    ["node_uname_info", "count"],
  ];
  it.each(rows)("%s is in %s", (name, unit) => {
    expect(unitOfMetric(name)).toBe(unit);
  });
  it("knows what a rate of each unit is", () => {
    expect(unitOfRate("bytes")).toBe("bytes/s");
    expect(unitOfRate("seconds")).toBe("ratio");
    expect(unitOfRate("count")).toBe("/s");
  });
});

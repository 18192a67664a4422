/**
 * Numbers the way an operator reads them: three digits at most, the unit beside them, in Korean or English.
 *
 * Pure formatting of values on graphs and in tables. Dates, relative times and sentences belong to i18n.
 */

export type Lang = "ko" | "en";

/**
 * `ratio` is 0..1 shown as percent, `percent` is already 0..100. `bytes` and `bytes/s` count in 1024s, `bits/s` in
 * 1000s as network people do. `count` is a plain number, `/s` a rate of things.
 */
export type Unit =
  | "count"
  | "/s"
  | "bytes"
  | "bytes/s"
  | "bits/s"
  | "ratio"
  | "percent"
  | "seconds"
  | "celsius"
  | "hertz";

interface Step {
  readonly size: number;
  readonly name: Record<Lang, string>;
}

const same = (size: number, name: string): Step => ({ size, name: { ko: name, en: name } });

const BYTES: readonly Step[] = [
  same(1, "B"),
  same(1024, "KiB"),
  same(1024 ** 2, "MiB"),
  same(1024 ** 3, "GiB"),
  same(1024 ** 4, "TiB"),
  same(1024 ** 5, "PiB"),
];

const BYTES_PER_SECOND: readonly Step[] = BYTES.map((s) => same(s.size, `${s.name.en}/s`));

const BITS_PER_SECOND: readonly Step[] = [
  same(1, "bit/s"),
  same(1e3, "kbit/s"),
  same(1e6, "Mbit/s"),
  same(1e9, "Gbit/s"),
  same(1e12, "Tbit/s"),
];

const HERTZ: readonly Step[] = [same(1, "Hz"), same(1e3, "kHz"), same(1e6, "MHz"), same(1e9, "GHz")];

const SECONDS: readonly Step[] = [
  same(1e-9, "ns"),
  same(1e-6, "µs"),
  same(1e-3, "ms"),
  { size: 1, name: { ko: "초", en: "s" } },
  { size: 60, name: { ko: "분", en: "min" } },
  { size: 3600, name: { ko: "시간", en: "h" } },
  { size: 86400, name: { ko: "일", en: "d" } },
];

/** Korean counts in ten-thousands, and an operator says 3만 5천, not 35k. */
const COUNT: Record<Lang, readonly Step[]> = {
  ko: [same(1, ""), same(1e4, "만"), same(1e8, "억"), same(1e12, "조")],
  en: [same(1, ""), same(1e3, "k"), same(1e6, "M"), same(1e9, "G"), same(1e12, "T")],
};

/** Below this a count is written out ("1,204"): shortening four digits hides more than it saves. */
const SHORTEN_FROM = 10_000;

/** Korean writes 시간, 분, 초 against the number ("9시간"); letters of Latin units keep a space. */
function join(number: string, unit: string): string {
  if (unit === "") return number;
  if (unit.length === 1 && "kMGT".includes(unit)) return number + unit;
  return /^[가-힣]/.test(unit) ? number + unit : `${number}\u00a0${unit}`;
}

const formats = new Map<string, Intl.NumberFormat>();

function plain(value: number, lang: Lang, decimals: number, fixed = false): string {
  const key = `${lang}${decimals}${fixed}`;
  let format = formats.get(key);
  if (!format) {
    format = new Intl.NumberFormat(lang === "ko" ? "ko-KR" : "en-GB", {
      maximumFractionDigits: decimals,
      minimumFractionDigits: fixed ? decimals : 0,
    });
    formats.set(key, format);
  }
  // Intl writes "-0" for a tiny negative number; nobody wants to see it.
  return format.format(Math.abs(value) < 0.5 * 10 ** -decimals ? 0 : value);
}

/** Three digits in all: 1.23, 12.3, 123. Integers stay integers. */
function threeDigits(value: number, lang: Lang): string {
  const size = Math.abs(value);
  if (size >= 99.95) return plain(value, lang, 0);
  if (size >= 9.995) return plain(value, lang, 1);
  if (size >= 0.9995 || size === 0) return plain(value, lang, 2);
  if (size < 1e-9) return "0";
  return plain(value, lang, Math.min(12, 2 - Math.floor(Math.log10(size))));
}

function stepsOf(unit: Unit, lang: Lang): readonly Step[] | null {
  switch (unit) {
    case "bytes":
      return BYTES;
    case "bytes/s":
      return BYTES_PER_SECOND;
    case "bits/s":
      return BITS_PER_SECOND;
    case "seconds":
      return SECONDS;
    case "hertz":
      return HERTZ;
    case "count":
    case "/s":
      return COUNT[lang];
    case "ratio":
    case "percent":
    case "celsius":
      return null;
  }
}

function stepFor(steps: readonly Step[], size: number, unit: Unit): Step {
  const base = steps.find((s) => s.size === 1)!;
  if (size === 0) return base;
  if ((unit === "count" || unit === "/s") && size < SHORTEN_FROM) return base;
  if (unit === "seconds") {
    // 90 s reads better than 1.5 min, and 36 h better than 1.5 d: change the word only past twice the larger unit.
    let chosen = steps[0]!;
    for (const s of steps) if (size >= (s.size >= 60 ? 2 * s.size : s.size) * 0.9995) chosen = s;
    return chosen;
  }
  let chosen = base;
  for (const s of steps) if (s.size > 1 && size >= s.size * 0.9995) chosen = s;
  return chosen;
}

const FIXED_SUFFIX: Partial<Record<Unit, string>> = { ratio: "%", percent: "%", celsius: "°C" };

/** One value with its unit: "1.2 GiB", "940 ms", "7.1 %", "1,204", "3.5만". Absent values are an en dash. */
export function formatValue(value: number | null | undefined, unit: Unit, lang: Lang): string {
  if (value === null || value === undefined || Number.isNaN(value)) return "–";
  if (!Number.isFinite(value)) return value > 0 ? "∞" : "−∞";
  const scaled = unit === "ratio" ? value * 100 : value;
  const steps = stepsOf(unit, lang);
  if (!steps) {
    // A hundredth of a percent is nothing to anybody.
    const said = Math.abs(scaled) < 1 ? plain(scaled, lang, 2) : threeDigits(scaled, lang);
    return join(said, FIXED_SUFFIX[unit] ?? "");
  }
  const step = stepFor(steps, Math.abs(scaled), unit);
  return withRate(join(threeDigits(scaled / step.size, lang), step.name[lang]), unit);
}

function withRate(text: string, unit: Unit): string {
  return unit === "/s" ? `${text}\u2009/s` : text;
}

/**
 * Labels for the ticks of one axis. All ticks share one scale and as many decimals as their distance needs, so that
 * a column of numbers can be compared by looking: 0, 0.5, 1.0, 1.5 GiB.
 */
export function formatTicks(ticks: readonly number[], unit: Unit, lang: Lang): string[] {
  const finite = ticks.filter((t) => Number.isFinite(t));
  if (finite.length === 0) return ticks.map(() => "");
  const times = unit === "ratio" ? 100 : 1;
  const largest = Math.max(...finite.map((t) => Math.abs(t * times)));
  const steps = stepsOf(unit, lang);
  const step = steps
    ? stepFor(steps, largest, unit)
    : { size: 1, name: { ko: FIXED_SUFFIX[unit] ?? "", en: FIXED_SUFFIX[unit] ?? "" } };
  let gap = Infinity;
  for (let i = 1; i < finite.length; i++)
    gap = Math.min(gap, Math.abs((finite[i]! - finite[i - 1]!) * times) / step.size);
  const decimals = decimalsFor(gap);
  return ticks.map((t) => {
    if (!Number.isFinite(t)) return "";
    const shown = (t * times) / step.size;
    if (shown === 0) return "0";
    return withRate(join(plain(shown, lang, decimals, decimals > 0), step.name[lang]), unit);
  });
}

/** How many decimals make numbers that lie `gap` apart look different. */
function decimalsFor(gap: number): number {
  if (!Number.isFinite(gap) || gap <= 0) return 2;
  for (let d = 0; d < 12; d++) {
    const shifted = gap * 10 ** d;
    if (Math.abs(shifted - Math.round(shifted)) < 1e-6 * Math.max(1, shifted)) return d;
  }
  return 12;
}

const DECIMAL_INCREMENTS: readonly number[] = (() => {
  const out: number[] = [];
  for (let e = -12; e <= 18; e++) for (const m of [1, 2, 2.5, 5]) out.push(m * 10 ** e);
  return out;
})();

const BINARY_INCREMENTS: readonly number[] = (() => {
  const out: number[] = [];
  for (let e = 0; e <= 5; e++) for (const m of [1, 2, 4, 8, 16, 32, 64, 128, 256, 512]) out.push(m * 1024 ** e);
  return out;
})();

const TIME_INCREMENTS: readonly number[] = [
  ...DECIMAL_INCREMENTS.filter((i) => i < 10),
  ...[10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 10800, 21600, 43200, 86400, 172800, 604800, 2592000],
];

/** Distances at which axis ticks of this unit may stand: bytes break at 1024s, seconds at clock steps. */
export function tickIncrements(unit: Unit): number[] {
  if (unit === "bytes" || unit === "bytes/s") return [...BINARY_INCREMENTS];
  if (unit === "seconds") return [...TIME_INCREMENTS];
  return [...DECIMAL_INCREMENTS];
}

/** What a metric's name says about its values, by the naming rules of Prometheus. */
export function unitOfMetric(name: string): Unit {
  const base = name.replace(/_(total|sum|bucket|count)$/, "");
  if (/_count$/.test(name) || /_info$/.test(name)) return "count";
  if (/_bytes(_|$)/.test(base) || /_bytes$/.test(name)) return "bytes";
  if (/_bits(_|$)/.test(base)) return "bits/s";
  if (/(_|^)time_seconds$/.test(base) && !/_total$/.test(name)) return "count";
  if (/_timestamp(_seconds)?$/.test(base)) return "count";
  if (/_seconds(_|$)/.test(base)) return "seconds";
  if (/_ratio$/.test(base)) return "ratio";
  if (/_percent(age)?$/.test(base)) return "percent";
  if (/_(celsius|temp)$/.test(base)) return "celsius";
  if (/_hertz$/.test(base)) return "hertz";
  return "count";
}

/** The unit of a rate: bytes become bytes/s, seconds per second become a share of time, things become things/s. */
export function unitOfRate(unit: Unit): Unit {
  if (unit === "bytes") return "bytes/s";
  if (unit === "seconds") return "ratio";
  if (unit === "count") return "/s";
  return unit;
}

/** Ranges of time as people write them: `now-6h`, `now/d`, `2026-11-20 02:14`, or milliseconds.
 *
 * The words are Grafana's, because links to its dashboards carry them. Rounding (`/d`) happens on the person's
 * calendar, so every reading takes the zone. Pure: the clock is an argument.
 */

export interface Range {
  /** Milliseconds since 1970, inclusive. */
  from: number;
  to: number;
}

/** What stands in the URL. */
export interface Spoken {
  from: string;
  to: string;
}

export const DEFAULT: Spoken = { from: "now-1h", to: "now" };

/** While a store is younger than this, that is shown. */
const YOUNG: readonly [number, Spoken][] = [
  [3 * 60_000, { from: "now-5m", to: "now" }],
  [15 * 60_000, { from: "now-15m", to: "now" }],
];

/** What a page shows unasked: in the first minutes of a store an hour would be mostly empty. */
export function defaultFor(oldest_ms: number | null, now_ms: number): Spoken {
  if (oldest_ms === null) return DEFAULT;
  return YOUNG.find(([age_ms]) => now_ms - oldest_ms < age_ms)?.[1] ?? DEFAULT;
}

const SECOND = 1000;
const UNIT_MS: Record<string, number> = {
  s: SECOND,
  m: 60 * SECOND,
  h: 3600 * SECOND,
  d: 86_400 * SECOND,
  w: 7 * 86_400 * SECOND,
  M: 30 * 86_400 * SECOND,
  y: 365 * 86_400 * SECOND,
};
const MIN_SPAN_MS = 1000;
const EARLIEST_MS = 0;
const LATEST_MS = 4_102_444_800_000; // 2100: anything later is a typing error

export interface Quick extends Spoken {
  id: string;
}

/** Quick ranges in the order in which people reach for them. */
export const QUICK: readonly Quick[] = [
  { id: "5m", from: "now-5m", to: "now" },
  { id: "15m", from: "now-15m", to: "now" },
  { id: "1h", from: "now-1h", to: "now" },
  { id: "3h", from: "now-3h", to: "now" },
  { id: "6h", from: "now-6h", to: "now" },
  { id: "12h", from: "now-12h", to: "now" },
  { id: "24h", from: "now-24h", to: "now" },
  { id: "2d", from: "now-2d", to: "now" },
  { id: "7d", from: "now-7d", to: "now" },
  { id: "30d", from: "now-30d", to: "now" },
  { id: "today", from: "now/d", to: "now" },
  { id: "yesterday", from: "now-1d/d", to: "now-1d/d" },
];

interface Wall {
  year: number;
  month: number; // 1–12
  day: number;
  hour: number;
  minute: number;
  second: number;
}

const wallFormats = new Map<string, Intl.DateTimeFormat>();
function wallFormat(zone: string): Intl.DateTimeFormat {
  let found = wallFormats.get(zone);
  if (!found) {
    const fields = {
      year: "numeric",
      month: "numeric",
      day: "numeric",
      hour: "numeric",
      minute: "numeric",
      second: "numeric",
    } as const;
    found = new Intl.DateTimeFormat("en-US", {
      ...fields,
      hourCycle: "h23",
      calendar: "gregory",
      ...(zone ? { timeZone: zone } : {}),
    });
    wallFormats.set(zone, found);
  }
  return found;
}

/** The clock on the wall of a zone at a moment. */
export function wall(ms: number, zone: string): Wall {
  const part: Record<string, number> = {};
  for (const { type, value } of wallFormat(zone).formatToParts(ms)) part[type] = Number(value);
  return {
    year: part["year"]!,
    month: part["month"]!,
    day: part["day"]!,
    hour: part["hour"]!,
    minute: part["minute"]!,
    second: part["second"]!,
  };
}

/** The moment at which a zone's wall shows this; a time skipped by summer time reads as just after the gap. */
export function momentOf(at: Wall, zone: string): number {
  const asUtc = Date.UTC(at.year, at.month - 1, at.day, at.hour, at.minute, at.second);
  const offset = (ms: number): number => {
    const seen = wall(ms, zone);
    return (
      Date.UTC(seen.year, seen.month - 1, seen.day, seen.hour, seen.minute, seen.second) - Math.floor(ms / 1000) * 1000
    );
  };
  // Two steps settle every offset change: the first guess may lie on the other side of it.
  const guess = asUtc - offset(asUtc);
  return asUtc - offset(guess);
}

function roundDown(ms: number, unit: string, zone: string): number {
  const at = wall(ms, zone);
  const start: Wall = { ...at, second: 0 };
  if (unit === "s") return Math.floor(ms / 1000) * 1000;
  if (unit === "m") return momentOf(start, zone);
  start.minute = 0;
  if (unit === "h") return momentOf(start, zone);
  start.hour = 0;
  if (unit === "w") {
    const weekday = (new Date(Date.UTC(at.year, at.month - 1, at.day)).getUTCDay() + 6) % 7; // Monday is 0
    return momentOf({ ...start, day: at.day - weekday }, zone);
  }
  if (unit === "M" || unit === "y") start.day = 1;
  if (unit === "y") start.month = 1;
  return momentOf(start, zone);
}

function roundUp(ms: number, unit: string, zone: string): number {
  const start = roundDown(ms, unit, zone);
  const at = wall(start, zone);
  const next: Wall = { ...at };
  if (unit === "s") return start + SECOND - 1;
  if (unit === "m") return start + UNIT_MS["m"]! - 1;
  if (unit === "h") return start + UNIT_MS["h"]! - 1;
  if (unit === "d") next.day += 1;
  if (unit === "w") next.day += 7;
  if (unit === "M") next.month += 1;
  if (unit === "y") next.year += 1;
  return momentOf(next, zone) - 1;
}

function moved(ms: number, by: number, unit: string, zone: string): number {
  if (unit !== "M" && unit !== "y" && unit !== "d" && unit !== "w") return ms + by * UNIT_MS[unit]!;
  const at = wall(ms, zone);
  const millis = ((ms % 1000) + 1000) % 1000;
  if (unit === "d" || unit === "w")
    return momentOf({ ...at, day: at.day + by * (unit === "w" ? 7 : 1) }, zone) + millis;
  const months = at.year * 12 + at.month - 1 + by * (unit === "y" ? 12 : 1);
  const year = Math.floor(months / 12);
  const month = (months % 12) + 1;
  const lastDay = new Date(Date.UTC(year, month, 0)).getUTCDate();
  return momentOf({ ...at, year, month, day: Math.min(at.day, lastDay) }, zone) + millis;
}

const STEP = /^(?:([+-])(\d{1,6})([smhdwMy])|\/([smhdwMy]))/;
const WRITTEN = /^(\d{4})-(\d{1,2})-(\d{1,2})(?:[ T](\d{1,2}):(\d{2})(?::(\d{2}))?)?$/;
const CLOCK = /^(\d{1,2}):(\d{2})(?::(\d{2}))?$/;

export interface Reading {
  now_ms: number;
  /** IANA name; empty is the browser's zone. */
  zone: string;
  /** `/d` at the end of a range means the day's last moment. */
  end?: boolean;
}

/** One end of a range in milliseconds; null when nobody could know what was meant. */
export function parseMoment(text: string, { now_ms, zone, end = false }: Reading): number | null {
  const said = text.trim();
  if (said.startsWith("now")) return relative(said.slice(3), { now_ms, zone, end });
  if (/^\d{12,14}$/.test(said)) return within(Number(said));
  if (/^\d{9,10}$/.test(said)) return within(Number(said) * 1000);
  const written = WRITTEN.exec(said);
  if (written) {
    const [, year, month, day, hour, minute, second] = written;
    const at = {
      year: +year!,
      month: +month!,
      day: +day!,
      hour: +(hour ?? 0),
      minute: +(minute ?? 0),
      second: +(second ?? 0),
    };
    if (!real(at)) return null;
    const ms = momentOf(at, zone);
    return within(hour === undefined && end ? roundUp(ms, "d", zone) : ms);
  }
  const today = CLOCK.exec(said);
  if (today) {
    const at = { ...wall(now_ms, zone), hour: +today[1]!, minute: +today[2]!, second: +(today[3] ?? 0) };
    return real(at) ? within(momentOf(at, zone)) : null;
  }
  if (/^\d{4}-\d\d-\d\dT[\d:.]+(?:Z|[+-]\d\d:?\d\d)$/.test(said)) {
    const ms = Date.parse(said);
    return Number.isNaN(ms) ? null : within(ms);
  }
  return null;
}

function relative(rest: string, { now_ms, zone, end }: Reading): number | null {
  let ms = now_ms;
  let left = rest.replaceAll(" ", "");
  while (left) {
    const step = STEP.exec(left);
    if (!step) return null;
    const [whole, sign, amount, unit, round] = step;
    const by = Number(amount) * (sign === "-" ? -1 : 1);
    // The bound is checked before the calendar is asked: it knows no year −997973.
    if (!round && within(ms + by * UNIT_MS[unit!]!) === null) return null;
    ms = round ? (end ? roundUp : roundDown)(ms, round, zone) : moved(ms, by, unit!, zone);
    if (within(ms) === null) return null;
    left = left.slice(whole.length);
  }
  return ms;
}

function real(at: Wall): boolean {
  const check = new Date(Date.UTC(at.year, at.month - 1, at.day));
  return (
    check.getUTCMonth() === at.month - 1 &&
    check.getUTCDate() === at.day &&
    at.hour < 24 &&
    at.minute < 60 &&
    at.second < 60
  );
}

function within(ms: number): number | null {
  return ms >= EARLIEST_MS && ms <= LATEST_MS ? ms : null;
}

/** Both ends, in order; null when one is unreadable or they stand the wrong way round. */
export function parseRange(spoken: Spoken, reading: Reading): Range | null {
  const from = parseMoment(spoken.from, reading);
  const to = parseMoment(spoken.to, { ...reading, end: true });
  return from === null || to === null || to - from < MIN_SPAN_MS ? null : { from, to };
}

export function isRelative(spoken: Spoken): boolean {
  return spoken.to.trim().startsWith("now");
}

/** The same span, half of itself earlier (−1) or later: with half still on screen the eye keeps its place. */
export function shifted(range: Range, direction: -1 | 1): Range {
  const by = Math.round((range.to - range.from) / 2) * direction;
  return { from: range.from + by, to: range.to + by };
}

/** Twice as wide around the same middle, never into the future. */
export function zoomedOut(range: Range, now_ms: number): Range {
  const half = range.to - range.from;
  const middle = range.from + half / 2;
  const to = Math.min(Math.round(middle + half), Math.max(now_ms, range.to));
  return { from: Math.max(EARLIEST_MS, to - half * 2), to };
}

/** What two colleagues paste to each other; also reads what Grafana copies (`{"from":…,"to":…}`) and `a – b`. */
export function parsePasted(text: string): Spoken | null {
  const said = text.trim();
  try {
    const value: unknown = JSON.parse(said);
    if (value && typeof value === "object" && "from" in value && "to" in value) {
      return { from: String(value.from), to: String(value.to) };
    }
  } catch {
    // not JSON: perhaps an address or two moments
  }
  try {
    const params = new URL(said).searchParams;
    const [from, to] = [params.get("from"), params.get("to")];
    return from && to ? { from, to } : null;
  } catch {
    const parts = said.split(/\s+(?:–|—|to|~|\.\.)\s+/);
    return parts.length === 2 ? { from: parts[0]!, to: parts[1]! } : null;
  }
}

const EVERY = /^(\d{1,4})(s|m|h|d)$/;

/** How often a live page asks again: what the person chose, else slower for wider ranges. null is paused. */
export function refreshEvery(chosen: string | null, range: Range): number | null {
  if (chosen === "off") return null;
  const said = EVERY.exec(chosen ?? "");
  if (said) return Math.max(1000, Number(said[1]) * UNIT_MS[said[2]!]!);
  const span = range.to - range.from;
  if (span <= 15 * 60_000) return 5000;
  if (span <= 3 * 3_600_000) return 15_000;
  return span <= 24 * 3_600_000 ? 60_000 : 300_000;
}

/** `2026-11-20 02:14:00` on the person's wall, as the picker's fields show and read it. */
export function written(ms: number, zone: string): string {
  const at = wall(ms, zone);
  const two = (value: number): string => String(value).padStart(2, "0");
  return `${at.year}-${two(at.month)}-${two(at.day)} ${two(at.hour)}:${two(at.minute)}:${two(at.second)}`;
}

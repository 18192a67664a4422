/** Numbers, sizes and moments as an operator says them, in the language and zone on screen.
 *
 * Three significant digits at most: a person at night compares magnitudes, not digits. Pure given `locale`.
 */
import { written } from "../model/time.ts";
import { locale } from "./locale.svelte.ts";
import { m } from "./paraglide/messages.js";

const NONE = "–";
const known = (value: number | null | undefined): value is number =>
  typeof value === "number" && Number.isFinite(value);

function digits(value: number): string {
  const magnitude = Math.abs(value);
  const decimals = magnitude >= 100 || Number.isInteger(value) ? 0 : magnitude >= 10 ? 1 : 2;
  return new Intl.NumberFormat(locale.tag, { maximumFractionDigits: decimals }).format(value);
}

/** 1,204 · 48,112: whole counts keep their digits, because people read them aloud. */
export function count(value: number | null | undefined): string {
  return known(value) ? new Intl.NumberFormat(locale.tag, { maximumFractionDigits: 0 }).format(value) : NONE;
}

/** 0.42 · 7.1 · 840: a measured number. */
export function number(value: number | null | undefined): string {
  return known(value) ? digits(value) : NONE;
}

const BYTE_UNITS = ["B", "KiB", "MiB", "GiB", "TiB", "PiB"];
/** 1.42 GiB. */
export function bytes(value: number | null | undefined): string {
  if (!known(value)) return NONE;
  let size = value;
  let unit = 0;
  while (Math.abs(size) >= 1000 && unit < BYTE_UNITS.length - 1) {
    size /= 1024;
    unit += 1;
  }
  return `${digits(size)} ${BYTE_UNITS[unit]}`;
}

/** 12.4 MB/s on the wire, in bytes with decimal prefixes as `ip` and switches count. */
export function bytesPerSecond(value: number | null | undefined): string {
  if (!known(value)) return NONE;
  const units = ["B/s", "kB/s", "MB/s", "GB/s"];
  let rate = value;
  let unit = 0;
  while (Math.abs(rate) >= 1000 && unit < units.length - 1) {
    rate /= 1000;
    unit += 1;
  }
  return `${digits(rate)} ${units[unit]}`;
}

/** 0.071 → 7.1 %. */
export function percent(ratio: number | null | undefined): string {
  if (!known(ratio)) return NONE;
  const value = ratio * 100;
  const rounded = Math.abs(value) >= 10 ? Math.round(value) : Math.round(value * 10) / 10;
  return `${new Intl.NumberFormat(locale.tag, { maximumFractionDigits: 1 }).format(rounded)} %`;
}

/** 940 ms · 2.1 s: how long something took. */
export function milliseconds(value: number | null | undefined): string {
  if (!known(value)) return NONE;
  if (value < 1) return `${digits(value * 1000)} µs`;
  return value < 1000 ? `${digits(value)} ms` : `${digits(value / 1000)} s`;
}

/** 9 h · 3 d, in words of the language: the largest unit alone, two when the first is small. */
export function duration(seconds: number | null | undefined): string {
  if (!known(seconds)) return NONE;
  const total = Math.max(0, Math.round(seconds));
  const days = Math.floor(total / 86_400);
  const hours = Math.floor((total % 86_400) / 3600);
  const minutes = Math.floor((total % 3600) / 60);
  if (days >= 365 * 2) return m.span_years({ n: digits(Math.round((days / 365) * 10) / 10) });
  if (days >= 10) return m.span_days({ n: count(days) });
  if (days >= 1) return hours ? `${m.span_days({ n: days })} ${m.span_hours({ n: hours })}` : m.span_days({ n: days });
  if (hours >= 1) {
    return minutes && hours < 10
      ? `${m.span_hours({ n: hours })} ${m.span_minutes({ n: minutes })}`
      : m.span_hours({ n: hours });
  }
  return minutes >= 1 ? m.span_minutes({ n: minutes }) : m.span_seconds({ n: total });
}

/** 3 min ago · just now. */
export function ago(ms: number | null | undefined, now_ms: number = Date.now()): string {
  if (!known(ms)) return NONE;
  const seconds = (now_ms - ms) / 1000;
  if (seconds < -30) return m.moment_ahead({ span: duration(-seconds) });
  return seconds < 10 ? m.moment_now() : m.moment_ago({ span: duration(seconds) });
}

const zoneFormats = new Map<string, Intl.DateTimeFormat>();
function zoneFormat(): Intl.DateTimeFormat {
  const key = `${locale.tag}|${locale.timezone}`;
  let found = zoneFormats.get(key);
  if (!found) {
    found = new Intl.DateTimeFormat(locale.tag, {
      timeZoneName: "short",
      ...(locale.timezone ? { timeZone: locale.timezone } : {}),
    });
    zoneFormats.set(key, found);
  }
  return found;
}

/** 2026-11-20 14:02:31 GMT+9: what a tooltip or a copied moment says; written alike in both languages, as in logs. */
export function moment(ms: number | null | undefined): string {
  if (!known(ms)) return NONE;
  const name =
    zoneFormat()
      .formatToParts(ms)
      .find((part) => part.type === "timeZoneName")?.value ?? "";
  return `${written(ms, locale.timezone)} ${name}`;
}

/** 14:02, or 11-20 14:02 when it is not today: what a dense row has room for. */
export function clock(ms: number | null | undefined, now_ms: number = Date.now()): string {
  if (!known(ms)) return NONE;
  const at = written(ms, locale.timezone);
  return at.slice(0, 10) === written(now_ms, locale.timezone).slice(0, 10) ? at.slice(11, 16) : at.slice(5, 16);
}

/** 14:02:31: when what is on screen was true. */
export function clockWithSeconds(ms: number | null | undefined): string {
  if (!known(ms)) return NONE;
  return written(ms, locale.timezone).slice(11);
}

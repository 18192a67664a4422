/** Labels of a time axis on the person's wall clock: as short as the distance between ticks allows. */

const formats = new Map<string, Intl.DateTimeFormat>();

function format(tag: string, zone: string, options: Intl.DateTimeFormatOptions): Intl.DateTimeFormat {
  const key = `${tag}|${zone}|${JSON.stringify(options)}`;
  let found = formats.get(key);
  if (!found) {
    found = new Intl.DateTimeFormat(tag, { ...options, hourCycle: "h23", ...(zone ? { timeZone: zone } : {}) });
    formats.set(key, found);
  }
  return found;
}

const CLOCK: Intl.DateTimeFormatOptions = { hour: "2-digit", minute: "2-digit" };
const SECONDS: Intl.DateTimeFormatOptions = { ...CLOCK, second: "2-digit" };
const DAY: Intl.DateTimeFormatOptions = { month: "numeric", day: "numeric" };
const MONTH: Intl.DateTimeFormatOptions = { year: "numeric", month: "short" };

/** 02:14, 02:14:05 when ticks are closer than a minute, the date where a day begins. `ticks` are unix seconds. */
export function timeLabels(ticks: readonly number[], stepS: number, tag: string, zone: string): string[] {
  return ticks.map((t) => {
    const ms = t * 1000;
    if (stepS >= 28 * 86_400) return format(tag, zone, MONTH).format(ms);
    if (stepS >= 86_400) return format(tag, zone, DAY).format(ms);
    const clock = format(tag, zone, stepS < 60 ? SECONDS : CLOCK).format(ms);
    return clock === "00:00" || clock === "00:00:00" ? format(tag, zone, DAY).format(ms) : clock;
  });
}

/** The moment under the crosshair: with the day when the range spans several. */
export function momentLabel(seconds: number, spanS: number, stepS: number, tag: string, zone: string): string {
  const clock = stepS < 60 ? SECONDS : CLOCK;
  const options = spanS > 86_400 ? ({ weekday: "short", ...DAY, ...clock } as const) : clock;
  return format(tag, zone, options).format(seconds * 1000);
}

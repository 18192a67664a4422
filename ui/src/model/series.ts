/**
 * Columns of numbers with labels, as charts take them, and the pure steps between an answer and a drawing.
 *
 * A `Frame` is one time axis shared by many series. Absent points are NaN in the columns: a typed array has no null,
 * and the server answers null for NaN as well, so nothing is lost here that the wire still had.
 */

export type Labels = Readonly<Record<string, string>>;

export interface Series {
  /** Unique in its frame and stable between refreshes: the query's id and the canonical label set. */
  readonly key: string;
  readonly labels: Labels;
  /** What the legend says; short names come from `shortNames`. */
  readonly name: string;
  readonly values: Float64Array;
}

export interface Frame {
  /** Unix seconds, rising by `stepS`. */
  readonly times: Float64Array;
  readonly stepS: number;
  readonly series: readonly Series[];
}

export const EMPTY_FRAME: Frame = { times: new Float64Array(0), stepS: 15, series: [] };

/** The part of a `/panels` answer that becomes a frame. */
export interface Columns {
  readonly start_ms: number;
  readonly step_ms: number;
  readonly steps: number;
  readonly series: readonly { readonly labels: Labels; readonly values: readonly (number | null)[] }[];
}

export function columnOf(values: readonly (number | null)[]): Float64Array {
  const column = new Float64Array(values.length);
  for (let i = 0; i < values.length; i++) column[i] = values[i] ?? Number.NaN;
  return column;
}

export function keyOf(labels: Labels): string {
  return Object.keys(labels)
    .sort()
    .map((name) => `${name}=${JSON.stringify(labels[name])}`)
    .join(",");
}

/** `metric{a="b"}`: the whole name, for copying and for a series that has no shorter one. */
export function fullName(labels: Labels): string {
  const rest = Object.keys(labels)
    .filter((name) => name !== "__name__")
    .sort()
    .map((name) => `${name}=${JSON.stringify(labels[name])}`);
  return (labels["__name__"] ?? "") + (rest.length > 0 ? `{${rest.join(", ")}}` : labels["__name__"] ? "" : "{}");
}

export interface NamedColumns {
  readonly id: string;
  readonly columns: Columns;
  /** Names a series from its labels; without it the labels that differ are used. */
  readonly name?: ((labels: Labels) => string) | undefined;
  /** What to call a series that has no labels to tell it apart, usually the expression. */
  readonly fallback?: string | undefined;
}

/**
 * One frame out of the answers of one request. All answers of a request share start and step, so they share one time
 * axis; a shorter answer (a query that failed half way does not exist, but an empty one does) is padded with gaps.
 */
export function frameOf(parts: readonly NamedColumns[]): Frame {
  const full = parts.find((p) => p.columns.steps > 0);
  if (!full) return EMPTY_FRAME;
  const { start_ms, step_ms, steps } = full.columns;
  const times = new Float64Array(steps);
  for (let i = 0; i < steps; i++) times[i] = (start_ms + i * step_ms) / 1000;
  const unnamed: { labels: Labels; part: string }[] = [];
  for (const p of parts)
    if (!p.name) for (const s of p.columns.series) unnamed.push({ labels: s.labels, part: p.fallback ?? p.id });
  const short = shortNames(
    unnamed.map((u) => u.labels),
    unnamed.map((u) => u.part),
  );
  let at = 0;
  const keys = new Set<string>();
  const unique = (key: string): string => {
    // Two answers with one label set are the server's mistake, and must not take the page down.
    const own = keys.has(key) ? `${key}#${keys.size}` : key;
    keys.add(own);
    return own;
  };
  const series = parts.flatMap((p) =>
    p.columns.series.map((s): Series => {
      const name = p.name ? p.name(s.labels) : short[at++]!;
      const values = columnOf(s.values);
      const padded = values.length === steps ? values : pad(values, steps);
      return { key: unique(`${p.id}:${keyOf(s.labels)}`), labels: s.labels, name, values: padded };
    }),
  );
  return { times, stepS: step_ms / 1000, series };
}

function pad(values: Float64Array, steps: number): Float64Array {
  const out = new Float64Array(steps).fill(Number.NaN);
  out.set(values.subarray(0, steps));
  return out;
}

/** Labels that say little to a person go last when several could tell the series apart. */
const DULL = ["job", "fstype", "exported_job", "pod_uid", "uid", "id", "container_id", "endpoint", "instance"];
const TELLING = [
  "service",
  "mountpoint",
  "device",
  "mode",
  "name",
  "handler",
  "route",
  "method",
  "status",
  "code",
  "cpu",
  "quantile",
  "le",
];

function rank(label: string): number {
  const telling = TELLING.indexOf(label);
  if (telling >= 0) return telling;
  const dull = DULL.indexOf(label);
  return dull >= 0 ? 1000 + DULL.length - dull : 100;
}

/**
 * The smallest label names that tell the sets apart: labels that are the same everywhere say nothing, and labels that
 * follow from others (fstype from mountpoint) repeat. Greedy from the dullest, which is exact enough for a legend.
 */
export function tellingLabels(sets: readonly Labels[]): string[] {
  if (sets.length < 2) return [];
  const names = new Set(sets.flatMap((s) => Object.keys(s)));
  let differ = [...names].filter((n) => sets.some((s) => s[n] !== sets[0]![n]));
  const kinds = (using: readonly string[]): number =>
    new Set(sets.map((s) => using.map((n) => s[n] ?? "").join("\u0000"))).size;
  const all = kinds(differ);
  for (const name of [...differ].sort((a, b) => rank(b) - rank(a) || (a < b ? 1 : -1))) {
    const without = differ.filter((n) => n !== name);
    if (kinds(without) === all) differ = without;
  }
  return differ.sort((a, b) => rank(a) - rank(b) || (a < b ? -1 : 1));
}

/**
 * Names for the legend: only what differs. One differing label gives its bare value ("idle"), several give
 * "cpu=0 mode=idle", and a lone series keeps what identifies it at all. `parts` names the query a series came from;
 * it is shown when labels alone do not tell the series of two queries apart.
 */
export function shortNames(sets: readonly Labels[], parts: readonly string[] = []): string[] {
  const telling = tellingLabels(sets);
  const severalParts = new Set(parts).size > 1;
  const names = sets.map((labels, i) => {
    const own = telling.filter((n) => labels[n] !== undefined && labels[n] !== "");
    const rest = own.filter((n) => n !== "__name__");
    const words =
      telling.length === 1
        ? own.map((n) => labels[n]!)
        : [...own.filter((n) => n === "__name__").map((n) => labels[n]!), ...rest.map((n) => `${n}=${labels[n]}`)];
    if (words.length > 0) return words.join(" ");
    if (sets.length === 1 || severalParts) return lone(labels, parts[i]);
    return fullName(labels);
  });
  if (!severalParts) return names;
  const uses = new Map<string, number>();
  for (const n of names) uses.set(n, (uses.get(n) ?? 0) + 1);
  return names.map((n, i) =>
    (uses.get(n) ?? 0) > 1 && parts[i] !== undefined && parts[i] !== n ? `${parts[i]} · ${n}` : n,
  );
}

function lone(labels: Labels, part: string | undefined): string {
  const name = labels["__name__"];
  if (name) return name;
  const values = Object.keys(labels)
    .filter((n) => n !== "job" && n !== "instance")
    .map((n) => labels[n]!);
  if (values.length > 0 && values.length <= 2) return values.join(" ");
  return part ?? fullName(labels);
}

export interface Summary {
  readonly last: number;
  readonly min: number;
  readonly max: number;
  readonly avg: number;
}

/** Last, least, greatest and mean of the points that are there; all NaN when none is. */
export function summarise(values: Float64Array): Summary {
  let last = Number.NaN;
  let min = Number.POSITIVE_INFINITY;
  let max = Number.NEGATIVE_INFINITY;
  let sum = 0;
  let count = 0;
  for (let i = 0; i < values.length; i++) {
    const v = values[i]!;
    if (Number.isNaN(v)) continue;
    if (v < min) min = v;
    if (v > max) max = v;
    sum += v;
    count++;
    last = v;
  }
  if (count === 0) return { last, min: Number.NaN, max: Number.NaN, avg: Number.NaN };
  return { last, min, max, avg: sum / count };
}

/** Least and greatest over several columns; `null` when there is not one point. */
export function extent(columns: Iterable<Float64Array>): [number, number] | null {
  let min = Number.POSITIVE_INFINITY;
  let max = Number.NEGATIVE_INFINITY;
  for (const values of columns) {
    for (let i = 0; i < values.length; i++) {
      const v = values[i]!;
      if (v < min) min = v;
      if (v > max) max = v;
    }
  }
  return min <= max ? [min, max] : null;
}

/** Series whose names are listed come first, in that order; the others follow as they were. */
export function inOrder(frame: Frame, names: readonly string[]): Frame {
  const place = (s: Series): number => (names.includes(s.name) ? names.indexOf(s.name) : names.length);
  return { ...frame, series: [...frame.series].sort((a, b) => place(a) - place(b)) };
}

/** The `most` series that are greatest on average, absent points counting as zero, and the sum of the rest as one. */
export function greatest(frame: Frame, most: number, restName: string): Frame {
  if (frame.series.length <= most + 1) return frame;
  const weight = (values: Float64Array): number => values.reduce((sum, v) => (Number.isNaN(v) ? sum : sum + v), 0);
  const ranked = frame.series.map((s) => ({ s, weight: weight(s.values) })).sort((a, b) => b.weight - a.weight);
  const rest = new Float64Array(frame.times.length).fill(Number.NaN);
  for (const { s } of ranked.slice(most)) {
    for (let i = 0; i < rest.length; i++) {
      const v = s.values[i]!;
      if (!Number.isNaN(v)) rest[i] = (Number.isNaN(rest[i]!) ? 0 : rest[i]!) + v;
    }
  }
  return {
    ...frame,
    series: [
      ...ranked.slice(0, most).map(({ s }) => s),
      { key: `${ranked[0]!.s.key}…`, labels: {}, name: restName, values: rest },
    ],
  };
}

export interface Layer {
  readonly floor: Float64Array;
  readonly top: Float64Array;
}

/**
 * Running sums from the bottom up, for stacked areas. Where a series is absent it adds nothing and is itself a gap,
 * so one missing series does not tear a hole into those above it.
 */
export function stack(columns: readonly Float64Array[]): Layer[] {
  const steps = columns[0]?.length ?? 0;
  let floor = new Float64Array(steps);
  return columns.map((values) => {
    const top = new Float64Array(steps);
    const next = new Float64Array(steps);
    for (let i = 0; i < steps; i++) {
      const v = values[i]!;
      const absent = Number.isNaN(v);
      top[i] = absent ? Number.NaN : floor[i]! + v;
      next[i] = absent ? floor[i]! : top[i]!;
    }
    const layer = { floor, top };
    floor = next;
    return layer;
  });
}

/**
 * At most `2 × columns` points that keep every peak: for each pixel column the least and greatest value in the order
 * in which they came. A column without points stays a gap.
 */
export function thin(values: Float64Array, columns: number): Float64Array {
  if (values.length <= columns * 2) return values;
  const out = new Float64Array(columns * 2).fill(Number.NaN);
  for (let c = 0; c < columns; c++) {
    const from = Math.floor((c * values.length) / columns);
    const to = Math.floor(((c + 1) * values.length) / columns);
    let lo = -1;
    let hi = -1;
    for (let i = from; i < to; i++) {
      const v = values[i]!;
      if (Number.isNaN(v)) continue;
      if (lo < 0 || v < values[lo]!) lo = i;
      if (hi < 0 || v > values[hi]!) hi = i;
    }
    if (lo < 0) continue;
    out[c * 2] = values[Math.min(lo, hi)]!;
    out[c * 2 + 1] = values[Math.max(lo, hi)]!;
  }
  return out;
}

/** Index of the time nearest to `seconds`; times rise evenly or not. */
export function nearestIndex(times: Float64Array, seconds: number): number {
  let lo = 0;
  let hi = times.length - 1;
  while (hi - lo > 1) {
    const mid = (lo + hi) >> 1;
    if (times[mid]! <= seconds) lo = mid;
    else hi = mid;
  }
  return hi >= 0 && Math.abs(times[hi]! - seconds) < Math.abs(times[lo]! - seconds) ? hi : lo;
}

function csvCell(said: string): string {
  // A leading = + - @ would be run as a formula by spreadsheets, and label values are other people's words.
  const text = /^[=+\-@\t]/.test(said) ? `'${said}` : said;
  return /[",\n\r]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}

/** RFC 4180, one row per step, times in ISO 8601 UTC, full numbers: what a spreadsheet or pandas reads as it is. */
export function csvOf(frame: Frame): string {
  const head = ["time", ...frame.series.map((s) => s.name)].map(csvCell).join(",");
  const rows = Array.from(frame.times, (t, i) =>
    [
      new Date(t * 1000).toISOString(),
      ...frame.series.map((s) => (Number.isNaN(s.values[i]!) ? "" : String(s.values[i]))),
    ].join(","),
  );
  return `${[head, ...rows].join("\r\n")}\r\n`;
}

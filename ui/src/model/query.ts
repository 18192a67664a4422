/**
 * What to ask for a metric that somebody merely pointed at, how finely, and what to say when the answer is empty.
 *
 * Text only: nothing here parses PromQL (see query_rewrite.ts, which lives in the editor's chunk with the grammar).
 */
import { type Unit, unitOfMetric, unitOfRate } from "./units.ts";

export interface Metric {
  readonly name: string;
  readonly type: string;
  readonly help: string;
  readonly unit: string;
  readonly series: number;
}

/** Hannun's own collectors and most scrapes tick at this pace; a finer step would only draw the gaps between. */
export const SCRAPE_S = 15;

const NICE_STEPS_S = [15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 10800, 21600, 43200, 86400, 172800, 604800];

/** The finest step that a person may choose; below the scrape pace an instant vector only repeats itself. */
export const STEP_CHOICES_S: readonly number[] = [1, 5, ...NICE_STEPS_S];

/**
 * Seconds between points for a graph of this width: one point for about two pixels, on a step that people know, never
 * finer than the data and never more than the server's 11,000 points.
 */
export function stepFor(rangeMs: number, widthPx: number): number {
  const wanted = rangeMs / 1000 / Math.max(60, widthPx / 2);
  return NICE_STEPS_S.find((s) => s >= wanted) ?? Math.ceil(wanted / 86400) * 86400;
}

/**
 * The range on the grid of its step, so that a live graph does not wobble from beat to beat. The end is rounded up
 * to take in the newest point.
 */
export function aligned(
  fromMs: number,
  toMs: number,
  stepS: number,
): { start_ms: number; end_ms: number; step_ms: number } {
  const step_ms = stepS * 1000;
  return { start_ms: Math.floor(fromMs / step_ms) * step_ms, end_ms: Math.ceil(toMs / step_ms) * step_ms, step_ms };
}

/** A window for `rate` that always holds four scrapes and never leaves samples between two steps unread. */
export function rateWindow(stepS: number, scrapeS: number = SCRAPE_S): string {
  return spanText(Math.max(4 * scrapeS, stepS + scrapeS));
}

/** Seconds between readings, from how many came in five minutes: one of the paces that people configure. */
export function paceOf(readings: number | null): number {
  if (readings === null || readings < 1) return SCRAPE_S;
  return [SCRAPE_S, 30, 60, 120].find((pace) => readings >= 300 / pace - 1) ?? 300;
}

/** 300 → "5m", 90 → "1m30s": the way PromQL and people write spans. */
export function spanText(seconds: number): string {
  let rest = Math.max(1, Math.round(seconds));
  let text = "";
  for (const [size, unit] of [
    [86400, "d"],
    [3600, "h"],
    [60, "m"],
    [1, "s"],
  ] as const) {
    const n = Math.floor(rest / size);
    if (n > 0) text += `${n}${unit}`;
    rest -= n * size;
  }
  return text;
}

/** "1m30s", "5m", "90" → seconds; null when it is none of these. */
export function parseSpan(text: string): number | null {
  const trimmed = text.trim();
  if (/^\d+$/.test(trimmed)) return Number(trimmed) || null;
  if (!/^(\d+(ms|[smhdw]))+$/.test(trimmed)) return null;
  const sizes: Record<string, number> = { ms: 0.001, s: 1, m: 60, h: 3600, d: 86400, w: 604800 };
  let sum = 0;
  for (const [, n, unit] of trimmed.matchAll(/(\d+)(ms|[smhdw])/g)) sum += Number(n) * sizes[unit!]!;
  return sum >= 1 ? Math.round(sum) : null;
}

export type Shape = "counter" | "gauge" | "histogram" | "summary" | "info";

/** What a metric is, trusting its declared type first and the naming rules where the type is unknown. */
export function shapeOf(metric: Pick<Metric, "name" | "type">): Shape {
  const { name, type } = metric;
  if (type === "histogram" || type === "summary" || type === "info") {
    // A part of a family is a counter of its own: `_sum` and `_count` of a histogram.
    return /_(sum|count)$/.test(name) && type !== "info" ? "counter" : type;
  }
  if (/_bucket$/.test(name)) return "histogram";
  if (type === "counter") return "counter";
  if (/_info$/.test(name)) return "info";
  if (type === "gauge" || type === "gaugehistogram" || type === "stateset") return "gauge";
  return /_(total|sum|count)$/.test(name) ? "counter" : "gauge";
}

/** A name as a selector; names outside the classic alphabet need quotes and braces. */
export function selector(name: string, matchers = ""): string {
  if (/^[a-zA-Z_:][a-zA-Z0-9_:]*$/.test(name)) return matchers ? `${name}{${matchers}}` : name;
  return `{${JSON.stringify(name)}${matchers ? `,${matchers}` : ""}}`;
}

/** A label's name inside braces; outside the classic alphabet it needs quotes. */
export function labelName(name: string): string {
  return /^[a-zA-Z_][a-zA-Z0-9_]*$/.test(name) ? name : JSON.stringify(name);
}

/** The metric's name when the expression is nothing else: `up`, `up{job="x"}`, `rate(up[5m])` is not. */
export function onlyName(expr: string): string | null {
  return /^\s*([a-zA-Z_:][a-zA-Z0-9_:]*)\s*(\{[^}]*\})?\s*$/.exec(expr)?.[1] ?? null;
}

/** The first question about a metric: counters as rates, histograms as p95, gauges as they are. */
export function defaultExpr(metric: Pick<Metric, "name" | "type">, window = "5m", matchers = ""): string {
  const { name } = metric;
  switch (shapeOf(metric)) {
    case "counter":
      return `rate(${selector(name, matchers)}[${window}])`;
    case "histogram": {
      const bucket = name.endsWith("_bucket") ? name : `${name}_bucket`;
      return `histogram_quantile(0.95, sum by (le) (rate(${selector(bucket, matchers)}[${window}])))`;
    }
    case "summary":
    case "gauge":
    case "info":
      return selector(name, matchers);
  }
}

/**
 * The same question folded to few lines, for a tile of a hundred pixels: sums of rates, means of gauges. A tile says
 * "alive, this shape, this much", and the editor then opens with every series.
 */
export function tileExpr(metric: Pick<Metric, "name" | "type">, window: string, matchers = ""): string {
  const expr = defaultExpr(metric, window, matchers);
  switch (shapeOf(metric)) {
    case "counter":
      return `sum(${expr})`;
    case "histogram":
      return expr;
    case "summary":
      return `max(${expr})`;
    case "info":
      return `count(${expr})`;
    case "gauge":
      return `avg(${expr})`;
  }
}

/** The unit in which the default question of a metric is answered. */
export function unitOf(metric: Pick<Metric, "name" | "type">): Unit {
  const unit = unitOfMetric(metric.name);
  return shapeOf(metric) === "counter" ? unitOfRate(unit) : unit;
}

/** The unit of whatever an expression gives, read off its outermost words; "count" when nothing tells. */
export function unitOfExpr(expr: string): Unit {
  const text = expr.trim();
  if (/^(count|count_values|absent|absent_over_time|changes|resets|group)\b/.test(text)) return "count";
  // A quotient of two things of one kind is a share or a plain number: no unit can be read off it.
  if (/[)\]}\w]\s*\/\s*[(\w]/.test(text.replace(/"[^"]*"/g, ""))) return "count";
  const names = [...text.replace(/"[^"]*"/g, "").matchAll(/\b([a-zA-Z_:][a-zA-Z0-9_:]*)\b(?!\s*\()/g)]
    .map((m) => m[1]!)
    .filter((n) => n.includes("_"));
  const name = names[0];
  if (!name) return "count";
  const unit = unitOfMetric(name);
  if (/\bhistogram_quantile\s*\(/.test(text)) return unitOfMetric(name.replace(/_bucket$/, ""));
  return /\b(rate|irate|deriv)\s*\(/.test(text) ? unitOfRate(unit) : unit;
}

/** Folds `_bucket`, `_sum` and `_count` of one histogram or summary into a single entry, as people think of it. */
export function families(metrics: readonly Metric[]): Metric[] {
  const byName = new Map(metrics.map((m) => [m.name, m]));
  const out = new Map<string, Metric>();
  for (const m of metrics) {
    const base = m.name.replace(/_(bucket|sum|count)$/, "");
    const bucket = byName.get(`${base}_bucket`);
    if (base !== m.name && bucket) {
      const known = out.get(base);
      out.set(base, {
        ...bucket,
        name: base,
        type: "histogram",
        help: known?.help || m.help,
        series: (known?.series ?? 0) + m.series,
      });
    } else if (base !== m.name && byName.has(base) && ["histogram", "summary"].includes(byName.get(base)!.type)) {
      // The family has its own entry: its parts need no tile.
    } else {
      const known = out.get(m.name);
      out.set(m.name, known ? { ...m, series: known.series } : m);
    }
  }
  return [...out.values()];
}

export interface Facet {
  readonly prefix: string;
  readonly count: number;
}

/**
 * The prefixes under which names gather, for walking a thousand names by hand: after `under`, the next word of each
 * name, with how many names follow. A word that only one name has is no facet.
 */
export function prefixFacets(names: readonly string[], under = ""): Facet[] {
  const counts = new Map<string, number>();
  for (const name of names) {
    if (!name.startsWith(under)) continue;
    const next = /^[^_:.]+[_:.]/.exec(name.slice(under.length));
    if (!next) continue;
    const prefix = under + next[0];
    counts.set(prefix, (counts.get(prefix) ?? 0) + 1);
  }
  return [...counts]
    .filter(([, count]) => count > 1)
    .map(([prefix, count]) => ({ prefix, count }))
    .sort((a, b) => b.count - a.count || (a.prefix < b.prefix ? -1 : 1));
}

export interface Complaint {
  /** Offset of the fault in the expression, in UTF-16 units; null when the server named none. */
  readonly at: number | null;
  readonly text: string;
}

/** Offset in UTF-16 units of the byte that follows `bytes` bytes of UTF-8. */
function afterBytes(text: string, bytes: number): number {
  let left = bytes;
  let at = 0;
  for (const point of text) {
    if (left <= 0) break;
    const code = point.codePointAt(0)!;
    left -= code < 0x80 ? 1 : code < 0x800 ? 2 : code < 0x10000 ? 3 : 4;
    at += point.length;
  }
  return at;
}

/**
 * Where the server says the fault is. "1:13: parse error" is line and column, both from one, the column in bytes as
 * Prometheus counts; "at character 13" counts code points. Both become an offset into `expr`.
 */
export function complaintOf(message: string, expr: string): Complaint {
  const lineColumn = /(?:^|[\s":])(\d+):(\d+): parse error/.exec(message);
  if (lineColumn) {
    const lines = expr.split("\n");
    const line = Math.max(1, Math.min(Number(lineColumn[1]), lines.length));
    const before = lines.slice(0, line - 1).reduce((sum, l) => sum + l.length + 1, 0);
    return { at: before + afterBytes(lines[line - 1]!, Number(lineColumn[2]) - 1), text: message };
  }
  const character = /\bchar(?:acter)?\s+(\d+)/.exec(message);
  if (character) {
    // An emoji before the fault is one character and two UTF-16 units.
    const points = [...expr].slice(0, Number(character[1]) - 1);
    return { at: Math.min(points.join("").length, expr.length), text: message };
  }
  return { at: null, text: message };
}

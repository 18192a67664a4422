/** Cumulative histogram buckets as the rows of a heatmap. Pure: a frame in, amounts per bucket and step out. */
import type { Frame } from "../model/series.ts";

export interface HeatRow {
  /** The bucket holds values above `from` and up to `to`. */
  readonly from: number;
  readonly to: number;
  /** How much fell into this bucket alone, per step; NaN where nothing is known. */
  readonly amounts: Float64Array;
}

export interface Heat {
  readonly times: Float64Array;
  readonly stepS: number;
  /** Lowest bucket first. */
  readonly rows: readonly HeatRow[];
  readonly most: number;
}

/** A bucket's upper bound as Prometheus writes it. */
export function boundOf(text: string | undefined): number | null {
  if (text === undefined) return null;
  if (text === "+Inf" || text === "Inf") return Number.POSITIVE_INFINITY;
  const bound = Number(text);
  return text.trim() === "" || Number.isNaN(bound) ? null : bound;
}

/** null when the series are not the buckets of one histogram: `le` alone must tell them apart. */
export function heatOf(frame: Frame): Heat | null {
  if (frame.series.length < 2) return null;
  const bounds = frame.series.map((series) => boundOf(series.labels["le"]));
  if (bounds.some((bound) => bound === null) || new Set(bounds).size !== bounds.length) return null;
  const order = bounds.map((_, i) => i).sort((a, b) => bounds[a]! - bounds[b]!);
  let most = 0;
  const rows = order.map((index, place): HeatRow => {
    const upper = frame.series[index]!.values;
    const lower = place > 0 ? frame.series[order[place - 1]!]!.values : null;
    const amounts = upper.map((value, k) => {
      const below = lower === null || Number.isNaN(lower[k]!) ? 0 : lower[k]!;
      // Buckets are read one after another, so a step may seem to fall by a hair.
      return Number.isNaN(value) ? Number.NaN : Math.max(0, value - below);
    });
    for (const amount of amounts) if (amount > most) most = amount;
    const from = place > 0 ? bounds[order[place - 1]!]! : Math.min(0, bounds[index]!);
    return { from, to: bounds[index]!, amounts };
  });
  return { times: frame.times, stepS: frame.stepS, rows, most };
}

/** How dark a cell is, 0..1: the root, because the rare slow answers are what a heatmap is looked at for. */
export function shade(amount: number, most: number): number {
  return amount > 0 && most > 0 ? 0.12 + 0.88 * Math.sqrt(amount / most) : 0;
}

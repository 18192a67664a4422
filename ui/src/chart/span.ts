/** What a y axis spans. Pure: columns in, least and greatest out. */
import { extent } from "../model/series.ts";

export interface Wishes {
  /** The axis reaches at least this low, this high. */
  readonly min: number | null;
  readonly max: number | null;
  readonly thresholds: readonly { readonly value: number }[];
  readonly stacked: boolean;
  readonly log: boolean;
}

/** A twentieth of air above the highest point, so that lines do not touch the edge. */
const AIR = 0.06;
/** Data that stays above this share of its peak is drawn without zero: a temperature, a size that hardly moves. */
const NEAR_ZERO = 0.6;

export function spanOf(columns: readonly Float64Array[], wishes: Wishes): [number, number] {
  if (wishes.log) return decades(columns);
  const { min, max } = wishes;
  const seen = extent(columns);
  if (!seen) return [min ?? 0, max ?? 1];
  if (seen[0] === 0 && seen[1] === 0) return [0, max ?? 1];
  let [lo, hi] = seen;
  for (const { value } of wishes.thresholds) {
    // A limit far above the data would press the data flat; near ones belong in the picture.
    if (value <= hi * 2 && value >= lo / 2) {
      lo = Math.min(lo, value);
      hi = Math.max(hi, value);
    }
  }
  if (lo > 0 && (lo < hi * NEAR_ZERO || wishes.stacked || lo === hi)) lo = 0;
  if (hi < 0 && hi > lo * NEAR_ZERO) hi = 0;
  const air = (hi - lo || Math.abs(hi) || 1) * AIR;
  const low = min !== null ? Math.min(min, lo) : lo === 0 ? 0 : lo - air;
  const high = max !== null && hi <= max ? max : hi === 0 && lo < 0 ? 0 : hi + air;
  return low < high ? [low, high] : [low, low + 1];
}

/** Whole decades around the positive values; zero and less have no place on a logarithmic scale. */
function decades(columns: readonly Float64Array[]): [number, number] {
  let lo = Number.POSITIVE_INFINITY;
  let hi = 0;
  for (const values of columns) {
    for (const v of values) {
      if (v > 0 && v < lo) lo = v;
      if (v > hi) hi = v;
    }
  }
  if (hi === 0) return [0.1, 1];
  const least = 10 ** Math.floor(Math.log10(lo));
  return [least, Math.max(least * 10, 10 ** Math.ceil(Math.log10(hi) - 1e-9))];
}

/** What became of what was sent here, summed over the hours that the server remembers. Pure. */
import type { Outcome } from "../api/types.ts";

export interface Summed {
  signal: string;
  key: string;
  outcome: string;
  reason: string;
  count: number;
  /** Of these, in the newest hour. */
  lately: number;
}

/** One row per signal, sender, outcome and reason: what was not accepted first, then the largest. */
export function summed(rows: readonly Outcome[]): Summed[] {
  const newest = Math.max(0, ...rows.map((row) => row.hour_ms));
  const found = new Map<string, Summed>();
  for (const row of rows) {
    const id = JSON.stringify([row.signal, row.key, row.outcome, row.reason]);
    const sum = found.get(id) ?? {
      signal: row.signal,
      key: row.key,
      outcome: row.outcome,
      reason: row.reason,
      count: 0,
      lately: 0,
    };
    sum.count += row.count;
    if (row.hour_ms === newest) sum.lately += row.count;
    found.set(id, sum);
  }
  return [...found.values()].sort((a, b) => Number(isAccepted(a)) - Number(isAccepted(b)) || b.count - a.count);
}

export function isAccepted(row: { outcome: string }): boolean {
  return row.outcome === "accepted";
}

export function refused(rows: readonly Summed[]): number {
  return rows.filter((row) => !isAccepted(row)).reduce((sum, row) => sum + row.count, 0);
}

/** Log patterns as the pages list them: what is new, what grew, and in which order. Pure. */
import type { LineSeverity, LogPattern } from "../api/logs.ts";
import { WORST_FIRST } from "./logs.ts";

export type PatternOrder = "severity" | "lines" | "change";

/** How much more often than before, new ones above all; what fell is as notable as what grew. */
function surprise({ is_new, change }: LogPattern): number {
  if (is_new) return Number.POSITIVE_INFINITY;
  return change === null || change <= 0 ? 0 : Math.abs(Math.log(change));
}

export function ordered(patterns: readonly LogPattern[], by: PatternOrder): LogPattern[] {
  const worth = {
    severity: (one: LogPattern): number => -WORST_FIRST.indexOf(one.severity),
    lines: (one: LogPattern): number => one.count,
    change: surprise,
  }[by];
  // New ones are all equally surprising, and infinities have no difference.
  return [...patterns].sort((a, b) => (worth(a) === worth(b) ? b.count - a.count : worth(b) - worth(a)));
}

/** The severities that patterns have, worst first, with the lines of each. */
export function severitiesOf(patterns: readonly LogPattern[]): { severity: LineSeverity; lines: number }[] {
  return WORST_FIRST.map((severity) => ({
    severity,
    lines: patterns.filter((one) => one.severity === severity).reduce((sum, one) => sum + one.count, 0),
  })).filter(({ lines }) => lines > 0);
}

const GREW = 3;
const GREW_LINES_MIN = 30;

/** Worth a line on the first page: never seen before and more than chatter, or several times as often; worst first. */
export function notable(patterns: readonly LogPattern[], most: number): LogPattern[] {
  const bad = (one: LogPattern): number => WORST_FIRST.length - WORST_FIRST.indexOf(one.severity);
  return patterns
    .filter((one) => one.is_new || (one.change !== null && one.change >= GREW && one.count >= GREW_LINES_MIN))
    .sort((a, b) => bad(b) - bad(a) || Number(b.is_new) - Number(a.is_new) || b.count - a.count)
    .slice(0, most);
}

/** The pieces of a pattern between its gaps. */
export const piecesOf = (pattern: string): string[] => pattern.split("<_>");

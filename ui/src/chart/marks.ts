/** What stands on a time axis beside the data: deploys, alerts, new issues as thin verticals, limits as thin lines. */
import type { Severity } from "../api/types.ts";

export interface Mark {
  readonly timeMs: number;
  readonly kind: "deploy" | "alert" | "issue";
  readonly severity?: Severity;
  readonly label: string;
}

export interface Threshold {
  readonly value: number;
  readonly severity: "critical" | "warning" | "info";
  readonly label: string;
}

/** A mark is hit within this many CSS pixels of the crosshair. */
const REACH_PX = 5;

export function marksNear(marks: readonly Mark[], timeMs: number, msPerPx: number): Mark[] {
  return marks.filter((mark) => Math.abs(mark.timeMs - timeMs) <= REACH_PX * msPerPx);
}

/** What the targets page shows of what it was told: which rows, in which order, and what a rule changed. */
import type { RelabelStep, Severity, Target, TargetHealth, TargetPool } from "../api/types.ts";

const ORDER: Record<TargetHealth, number> = { down: 0, unknown: 1, up: 2 };

/** The shape and colour of a target's health. A target that was never asked is not bad news. */
export function severityOf(health: TargetHealth): Severity {
  return ({ up: "fine", down: "critical", unknown: "unknown" } as const)[health];
}

/** Pools with the targets that match, failing pools first; a pool without any is left out. */
export function shownPools(pools: readonly TargetPool[], search: string, onlyDown: boolean): TargetPool[] {
  const wanted = search.trim().toLowerCase();
  const matches = (target: Target): boolean =>
    (!onlyDown || target.health === "down") &&
    (wanted === "" ||
      target.url.toLowerCase().includes(wanted) ||
      Object.entries(target.labels).some(([name, value]) => `${name}=${value}`.toLowerCase().includes(wanted)));
  return pools
    .map((pool) => ({
      ...pool,
      targets: pool.targets
        .filter(matches)
        .sort((a, b) => ORDER[a.health] - ORDER[b.health] || (a.url < b.url ? -1 : 1)),
    }))
    .filter((pool) => pool.targets.length > 0)
    .sort((a, b) => Number(b.down > 0) - Number(a.down > 0) || (a.name < b.name ? -1 : 1));
}

export interface LabelChange {
  name: string;
  before: string | null;
  after: string | null;
}

/** What a rule did, one line per label it touched. */
export function changesOf(step: RelabelStep): LabelChange[] {
  return [
    ...Object.entries(step.changed).map(([name, [before, after]]) => ({ name, before, after })),
    ...Object.entries(step.added).map(([name, after]) => ({ name, before: null, after })),
    ...step.removed.map((name) => ({ name, before: step.before[name] ?? "", after: null })),
  ].sort((a, b) => (a.name < b.name ? -1 : 1));
}

/** `{job="node", instance="web-1:9100"}` as a selector, for the way into its metrics. */
export function selectorOf(labels: Readonly<Record<string, string>>): string {
  return `{${["job", "instance"]
    .filter((name) => labels[name])
    .map((name) => `${name}=${JSON.stringify(labels[name])}`)
    .join(", ")}}`;
}

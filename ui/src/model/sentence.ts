/** The first sentence of the product, as clauses: what it says, not yet in which language. Pure.
 *
 * A tired person must learn from the first clause alone whether it can wait, so urgency comes before the count.
 */
import type { HostNow, Overview, Severity } from "../api/types.ts";

export type Lead =
  | { kind: "nothing_yet" }
  | { kind: "calm" }
  | { kind: "all_now"; n: number }
  | { kind: "some_now"; n: number; now: number }
  | { kind: "none_now"; n: number };

export type Clause =
  | { kind: "rest_calm" }
  | { kind: "notes"; n: number }
  | { kind: "hosts"; n: number }
  | { kind: "silent"; n: number }
  | { kind: "samples"; per_s: number }
  | { kind: "fills"; in_s: number };

export interface Sentence {
  severity: Severity;
  lead: Lead;
  clauses: Clause[];
}

/** A host that missed this much has stopped talking: two turns of the collector and some patience. */
export const SILENT_AFTER_MS = 60_000;
/** Beyond a month nobody plans by the hour. */
const FILLS_WORTH_SAYING_S = 30 * 86_400;

export function isSilent(host: HostNow, now_ms: number): boolean {
  return now_ms - host.seen_ms > SILENT_AFTER_MS;
}

export function sentence(view: Overview): Sentence {
  const critical = view.needs.filter((need) => need.severity === "critical").length;
  const warning = view.needs.filter((need) => need.severity === "warning").length;
  const notes = view.needs.length - critical - warning;
  const silent = view.hosts.filter((host) => isSilent(host, view.now_ms)).length;
  const n = critical + warning;
  const empty = view.hosts.length === 0 && view.ingest.series === 0;

  const clauses: Clause[] = [];
  if (n > 0 && !empty) clauses.push({ kind: "rest_calm" });
  if (notes > 0) clauses.push({ kind: "notes", n: notes });
  if (view.hosts.length > 0) clauses.push({ kind: "hosts", n: view.hosts.length });
  if (silent > 0) clauses.push({ kind: "silent", n: silent });
  if (!empty) clauses.push({ kind: "samples", per_s: view.ingest.samples_per_s });
  const fills = view.store.fills_in_s;
  if (fills !== null && fills < FILLS_WORTH_SAYING_S) clauses.push({ kind: "fills", in_s: fills });

  return {
    severity: critical ? "critical" : warning ? "warning" : empty ? "unknown" : "fine",
    lead: lead(n, critical, empty),
    clauses,
  };
}

function lead(n: number, critical: number, empty: boolean): Lead {
  if (n === 0) return { kind: empty ? "nothing_yet" : "calm" };
  if (critical === n) return { kind: "all_now", n };
  return critical > 0 ? { kind: "some_now", n, now: critical } : { kind: "none_now", n };
}

/** Worst first: silent hosts, then by the fullest of their bars; equal ones by name, so that rows do not dance. */
export function worstFirst(hosts: readonly HostNow[], now_ms: number): HostNow[] {
  const badness = (host: HostNow): number => {
    if (isSilent(host, now_ms)) return 3;
    const worst = Math.max(host.disk ?? 0, host.memory ?? 0, host.cpu ?? 0);
    return worst >= 0.9 ? 2 : worst >= 0.8 ? 1 : 0;
  };
  return [...hosts].sort(
    (a, b) => badness(b) - badness(a) || a.host.localeCompare(b.host, undefined, { numeric: true }),
  );
}

/** How a bar of this fullness is drawn. Fuller than the first number is worth a look, than the second an act. */
export function level(
  kind: "cpu" | "memory" | "disk",
  ratio: number | null,
): "fine" | "warning" | "critical" | "unknown" {
  if (ratio === null) return "unknown";
  const [warn, act] = { cpu: [0.85, 0.97], memory: [0.85, 0.95], disk: [0.85, 0.95] }[kind] as [number, number];
  return ratio >= act ? "critical" : ratio >= warn ? "warning" : "fine";
}

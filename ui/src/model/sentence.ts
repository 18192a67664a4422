/** The first sentence of the product, as clauses: what it says, not yet in which language. Pure.
 *
 * A tired person must learn from the first clause alone whether it can wait, so urgency comes before the count.
 */
import type { HostNow, Need, Overview, Severity } from "../api/types.ts";

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

/** As the server counts it when it says that a host is silent. */
export const SILENT_AFTER_MS = 180_000;
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
  if (n > 0 && !empty && (silent === 0 || silent < view.hosts.length)) clauses.push({ kind: "rest_calm" });
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

/** Worst first: silent hosts, then by their bars and needs; equal ones by name, so that rows do not dance. */
export function worstFirst(hosts: readonly HostNow[], now_ms: number, needs: readonly Need[] = []): HostNow[] {
  const badness = (host: HostNow): number => (isSilent(host, now_ms) ? 3 : RANK[hostLevel(host, now_ms, needs)]);
  return [...hosts].sort(
    (a, b) => badness(b) - badness(a) || a.host.localeCompare(b.host, undefined, { numeric: true }),
  );
}

/** From where on a bar wants a look or an act: the server's own numbers, so that a bar and a need never disagree. */
const LEVELS = {
  cpu: { look: 0.9, act: Number.POSITIVE_INFINITY }, // a busy CPU is work being done
  memory: { look: 0.9, act: Number.POSITIVE_INFINITY },
  disk: { look: 0.9, act: 0.97 },
};
export type Filled = keyof typeof LEVELS;

export function level(kind: Filled, ratio: number | null): "fine" | "warning" | "critical" | "unknown" {
  if (ratio === null) return "unknown";
  return ratio >= LEVELS[kind].act ? "critical" : ratio >= LEVELS[kind].look ? "warning" : "fine";
}

const RANK = { fine: 0, unknown: 0, info: 0, warning: 1, critical: 2 };

/** Whether a need's evidence is this host's page, however the address spells its name. */
function isAbout(need: Need, host: HostNow): boolean {
  try {
    const path = decodeURIComponent(need.link);
    return path === `/hosts/${host.host}` || path === `/hosts/${host.instance}`;
  } catch {
    return false; // a link with a stray % leads to no host
  }
}

/** The worst that can be said of a host: by what is on its row, and by the needs above it, so that the two agree. */
export function hostLevel(host: HostNow, now_ms: number, needs: readonly Need[] = []): "fine" | "warning" | "critical" {
  if (isSilent(host, now_ms)) return "critical";
  const rank = Math.max(
    ...(["cpu", "memory", "disk"] as const).map((kind) => RANK[level(kind, host[kind])]),
    ...needs.filter((need) => isAbout(need, host)).map((need) => RANK[need.severity]),
  );
  return rank === 2 ? "critical" : rank === 1 ? "warning" : "fine";
}

/**
 * The state of the metrics page as it stands in the URL, so that a link shows a colleague the same thing.
 *
 * `/explore?expr=…&expr_b=…&tab=table&step=60&search=…&prefix=node_`; time and scope are carried by the router.
 */
import { parseSpan, spanText } from "./query.ts";

export const TABS = ["graph", "table", "explain"] as const;
export type Tab = (typeof TABS)[number];

/** More lines than this are no longer read side by side. */
export const MOST_QUERIES = 8;

export interface ExploreState {
  readonly exprs: readonly string[];
  readonly tab: Tab;
  /** Seconds, or null to let the width of the graph decide. */
  readonly stepS: number | null;
  readonly stacked: boolean;
  readonly log: boolean;
  readonly search: string;
  readonly prefix: string;
}

export const letter = (index: number): string => String.fromCharCode(65 + index);

const param = (index: number): string => (index === 0 ? "expr" : `expr_${letter(index).toLowerCase()}`);

export function readState(query: URLSearchParams): ExploreState {
  const exprs: string[] = [];
  for (let i = 0; i < MOST_QUERIES; i++) {
    const expr = query.get(param(i));
    if (expr !== null) exprs.push(expr);
  }
  const tab = query.get("tab") as Tab;
  // An address names a tab without a question when somebody asked for an empty editor.
  if (exprs.length === 0 && TABS.includes(tab)) exprs.push("");
  return {
    exprs,
    tab: TABS.includes(tab) ? tab : "graph",
    stepS: parseSpan(query.get("step") ?? ""),
    stacked: query.get("stack") === "1",
    log: query.get("scale") === "log",
    search: query.get("search") ?? "",
    prefix: query.get("prefix") ?? "",
  };
}

/** The parameters that say the state; null removes one, and what is usual is not written. */
export function writeState(state: ExploreState): Record<string, string | null> {
  const out: Record<string, string | null> = {};
  const exprs = state.exprs.filter((expr) => expr.trim() !== "");
  for (let i = 0; i < MOST_QUERIES; i++) out[param(i)] = exprs[i] ?? null;
  out["tab"] = state.exprs.length === 0 || (state.tab === "graph" && exprs.length > 0) ? null : state.tab;
  out["step"] = state.stepS === null ? null : spanText(state.stepS);
  out["stack"] = state.stacked ? "1" : null;
  out["scale"] = state.log ? "log" : null;
  out["search"] = state.search || null;
  out["prefix"] = state.prefix || null;
  return out;
}

/**
 * Changes to a PromQL expression that a click makes: split by a label, keep or drop one value.
 *
 * Works on the grammar's tree, so braces in strings, comments and nested calls cannot mislead it, and edits only the
 * text it must: what the person wrote, with their spaces, stays. Imported by the editor's chunk alone (the grammar
 * weighs more than the page).
 */
import type { SyntaxNode, Tree } from "@lezer/common";
import { parser } from "@prometheus-io/lezer-promql";

interface Edit {
  readonly from: number;
  readonly to: number;
  readonly text: string;
}

/** Aggregations that pick series and keep their labels: a split belongs into what they pick from. */
const PICKING = new Set(["topk", "bottomk", "limitk", "limit_ratio"]);

function apply(expr: string, edits: readonly Edit[]): string {
  let out = expr;
  for (const e of [...edits].sort((a, b) => b.from - a.from)) out = out.slice(0, e.from) + e.text + out.slice(e.to);
  return out;
}

function children(node: SyntaxNode): SyntaxNode[] {
  const out: SyntaxNode[] = [];
  for (let c = node.firstChild; c; c = c.nextSibling) out.push(c);
  return out;
}

const text = (expr: string, node: SyntaxNode): string => expr.slice(node.from, node.to);

export function isWhole(expr: string): boolean {
  let whole = expr.trim() !== "";
  parser.parse(expr).iterate({
    enter: (n) => {
      if (n.type.isError) whole = false;
    },
  });
  return whole;
}

/** The aggregations that decide which labels come out: the outermost of each branch, seen through topk and friends. */
function deciding(tree: Tree, expr: string): SyntaxNode[] {
  const found: SyntaxNode[] = [];
  const walk = (node: SyntaxNode): void => {
    if (node.name === "AggregateExpr") {
      const op = node.getChild("AggregateOp");
      if (op && !PICKING.has(text(expr, op).toLowerCase())) {
        found.push(node);
        return;
      }
    }
    // Arguments of scalar() and of subqueries cannot hand labels up through a fold, and are left as they are.
    for (const child of children(node)) walk(child);
  };
  walk(tree.topNode);
  return found;
}

interface Grouping {
  readonly kind: "by" | "without" | "none";
  readonly labels: readonly string[];
  readonly modifier: SyntaxNode | null;
}

function groupingOf(expr: string, aggregate: SyntaxNode): Grouping {
  const modifier = aggregate.getChild("AggregateModifier");
  if (!modifier) return { kind: "none", labels: [], modifier: null };
  const list = modifier.getChild("GroupingLabels");
  const labels = list ? children(list).map((n) => text(expr, n)) : [];
  return { kind: modifier.getChild("By") ? "by" : "without", labels, modifier };
}

/** Labels by which the expression is split now; null when it is not aggregated and thus split by everything. */
export function splitLabels(expr: string): string[] | null {
  const aggregates = deciding(parser.parse(expr), expr);
  if (aggregates.length === 0) return null;
  const first = groupingOf(expr, aggregates[0]!);
  return first.kind === "by" ? first.labels.filter((l) => l !== "le") : [];
}

/** The bare function that folds series of an expression into one without changing its meaning. */
function foldFor(expr: string): "sum" | "avg" {
  return /\b(rate|irate|increase|delta|count_over_time|changes|resets)\s*\(/.test(expr) || /_(total|count)\b/.test(expr)
    ? "sum"
    : "avg";
}

function withLabels(expr: string, aggregate: SyntaxNode, labels: readonly string[]): Edit {
  const { modifier } = groupingOf(expr, aggregate);
  const op = aggregate.getChild("AggregateOp")!;
  const words = labels.length > 0 ? `by (${labels.join(", ")})` : "";
  if (modifier) {
    if (words) return { from: modifier.from, to: modifier.to, text: words };
    // The space that stood before the modifier goes with it: "sum by (x) (y)" becomes "sum(y)".
    let { from, to } = modifier;
    while (expr[from - 1] === " ") from--;
    if (modifier.from < aggregate.getChild("FunctionCallBody")!.from) while (expr[to] === " ") to++;
    return { from, to, text: "" };
  }
  return { from: op.to, to: op.to, text: words ? ` ${words} ` : "" };
}

/**
 * Adds a label to the split, or takes it away when it is already there. An expression that is not aggregated is
 * folded first: rates are summed, gauges averaged. Unfinished text is returned as it is.
 */
export function toggleSplit(expr: string, label: string): string {
  if (!isWhole(expr)) return expr;
  const aggregates = deciding(parser.parse(expr), expr);
  if (aggregates.length === 0) {
    const trimmed = expr.trim();
    return `${foldFor(trimmed)} by (${label}) (${trimmed})`;
  }
  const removing = splitLabels(expr)?.includes(label) ?? false;
  const edits = aggregates.flatMap((aggregate) => {
    const { kind, labels } = groupingOf(expr, aggregate);
    if (kind === "without") {
      const rest = labels.filter((l) => l !== label);
      const modifier = groupingOf(expr, aggregate).modifier!;
      return labels.includes(label)
        ? [{ from: modifier.from, to: modifier.to, text: `without (${rest.join(", ")})` }]
        : [];
    }
    const next = removing ? labels.filter((l) => l !== label) : labels.includes(label) ? labels : [...labels, label];
    return next.length === labels.length ? [] : [withLabels(expr, aggregate, next)];
  });
  return apply(expr, edits);
}

/** Every selector of the expression, as text without range and offset: `node_cpu_seconds_total{mode="idle"}`. */
export function selectorsOf(expr: string): string[] {
  const out: string[] = [];
  parser.parse(expr).iterate({
    enter: (n) => {
      if (n.name === "VectorSelector") out.push(expr.slice(n.from, n.to));
    },
  });
  return [...new Set(out)];
}

/**
 * Adds a matcher to every selector, or replaces the one on the same label: `mode="idle"` or `mode!="idle"`.
 * Unfinished text is returned as it is.
 */
export function withMatcher(expr: string, label: string, op: "=" | "!=", value: string): string {
  if (!isWhole(expr)) return expr;
  const matcher = `${label}${op}${JSON.stringify(value)}`;
  const edits: Edit[] = [];
  parser.parse(expr).iterate({
    enter: (n) => {
      if (n.name !== "VectorSelector") return;
      const node = n.node;
      const list = node.getChild("LabelMatchers");
      if (!list) {
        edits.push({ from: node.to, to: node.to, text: `{${matcher}}` });
        return;
      }
      const same = children(list).find(
        (m) => m.name === "UnquotedLabelMatcher" && m.firstChild && text(expr, m.firstChild) === label,
      );
      if (same) {
        edits.push({ from: same.from, to: same.to, text: matcher });
        return;
      }
      const last = children(list)
        .filter((m) => m.name !== "⚠")
        .at(-1);
      if (last) edits.push({ from: last.to, to: last.to, text: `, ${matcher}` });
      else edits.push({ from: list.from + 1, to: list.from + 1, text: matcher });
    },
  });
  return apply(expr, edits);
}

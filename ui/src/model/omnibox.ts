/** What somebody means by what they type into ⌘K, as a list with the likeliest first. Pure: the names come in.
 *
 * The first row is what Enter does, so the box always shows what it understood before anything happens.
 */

export interface Named {
  name: string;
  note?: string;
}

export interface Known {
  pages: readonly { id: string; title: string; path: string; aliases: readonly string[] }[];
  hosts: readonly string[];
  metrics: readonly Named[];
  acts: readonly { id: string; title: string; aliases: readonly string[] }[];
}

export type Meaning =
  | { kind: "page"; id: string; title: string; path: string }
  | { kind: "host"; name: string }
  | { kind: "metric"; name: string; note: string }
  | { kind: "promql"; expr: string }
  | { kind: "logql"; expr: string }
  | { kind: "trace"; id: string }
  | { kind: "issue"; id: string }
  | { kind: "event"; id: string }
  | { kind: "logs"; text: string }
  | { kind: "search"; text: string }
  | { kind: "act"; id: string; title: string };

const ROWS_MAX = 30;
const PER_KIND_MAX = 8;

/** How well a name answers what was typed: 0 not at all, higher is better. All words must be found. */
export function nearness(typed: string, name: string): number {
  const said = typed.toLowerCase();
  const text = name.toLowerCase();
  if (!said) return 1;
  if (text === said) return 100;
  if (text.startsWith(said)) return 80;
  const words = said.split(/[\s_]+/).filter(Boolean);
  if (!words.every((word) => text.includes(word))) return initials(said, text) ? 20 : 0;
  return new RegExp(`(?:^|[^a-z0-9])${words[0]!.replace(/[.*+?^${}()|[\]\\]/g, "\\$&")}`).test(text) ? 60 : 40;
}

/** `nlo` finds `node_load_one`: the beginnings of a name's words. */
function initials(said: string, text: string): boolean {
  const firsts = text
    .split(/[^a-z0-9]+/)
    .map((word) => word[0] ?? "")
    .join("");
  return said.length >= 2 && firsts.startsWith(said);
}

const NAME = String.raw`[a-zA-Z_:][\w:]*`;
const CALL_OR_SELECTOR = new RegExp(`^${NAME}\\s*[({[]`);
const GROUPED = new RegExp(`^${NAME}\\s+(?:by|without)\\s*\\(`);
// `db-1` is a host and `up - 1` a question: arithmetic on names needs room around it, comparison does not.
const ARITHMETIC = /[\w)\]}]\s+(?:[-+*/%^]|[<>]|and|or|unless)\s+[\w({.]/;
const COMPARISON = /[\w)\]}]\s*(?:==|!=|>=|<=)\s*[\w({.-]/;

/** Whether this is a question in PromQL and not words: a call, a selector, a range, or arithmetic on a name. */
export function looksLikePromQL(text: string): boolean {
  const said = text.trim();
  if (CALL_OR_SELECTOR.test(said) || GROUPED.test(said) || /^\{.*=/.test(said) || COMPARISON.test(said)) return true;
  // "errors and latency" is plain words: a figure, a bracket or an underscore makes it a question.
  return ARITHMETIC.test(said) && (/[\d_({]/.test(said) || /\s[-+*/%^<>]\s/.test(said));
}

const TRACE_ID = /^[0-9a-f]{32}$/i;
/** An event's id is written with dashes, too; without them it may as well be a trace's. */
const EVENT_ID = /^[0-9a-f]{8}(?:-?[0-9a-f]{4}){3}-?[0-9a-f]{12}$/i;
/** `SHOP-1A`: a project's short name in capitals, and a number that has more digits than ten. */
const ISSUE_ID = /^[A-Z][A-Z0-9_-]*-[0-9A-Z]{1,8}$/;
/** Behind the braces of a selector: a line filter, a pipe or the functions that only lines have. */
const LINES_FILTERED = /\}\s*(?:\||!=|!~|!>)/;
const LINES_COUNTED = /\b(?:bytes_rate|bytes_over_time|rate_counter)\s*\(\s*\{/;

/** Whether this asks for log lines, or counts them, in LogQL. A bare selector is PromQL as well, and goes first there. */
export function looksLikeLogQL(text: string): boolean {
  // What stands in quotes may be anything.
  const said = text.replace(/"(?:[^"\\]|\\.)*"|`[^`]*`/g, '""');
  return LINES_FILTERED.test(said) || LINES_COUNTED.test(said);
}

export function understand(typed: string, known: Known): Meaning[] {
  const said = typed.trim();
  const trace: Meaning[] = TRACE_ID.test(said) ? [{ kind: "trace", id: said.toLowerCase() }] : [];
  if (EVENT_ID.test(said)) trace.push({ kind: "event", id: said.replaceAll("-", "").toLowerCase() });
  // In small letters it is likelier a host or a word, and an issue last of all.
  const capitals = ISSUE_ID.test(said);
  const issue: Meaning[] =
    capitals || (/\d/.test(said) && ISSUE_ID.test(said.toUpperCase()))
      ? [{ kind: "issue", id: said.toUpperCase() }]
      : [];
  const logql: Meaning[] = looksLikeLogQL(said) ? [{ kind: "logql", expr: said }] : [];
  const promql: Meaning[] = !logql.length && looksLikePromQL(said) ? [{ kind: "promql", expr: said }] : [];
  // A bare selector names series and streams alike.
  if (promql.length && said.startsWith("{")) logql.push({ kind: "logql", expr: said });
  const pages = best(said, known.pages, (page) => [page.title, page.id, ...page.aliases]).map(
    ({ row, score }): [Meaning, number] => [{ kind: "page", id: row.id, title: row.title, path: row.path }, score + 2],
  );
  const hosts = best(said, known.hosts, (name) => [name]).map(({ row, score }): [Meaning, number] => [
    { kind: "host", name: row },
    score + 1,
  ]);
  const metrics = said
    ? best(said, known.metrics, (metric) => [metric.name]).map(({ row, score }): [Meaning, number] => [
        { kind: "metric", name: row.name, note: row.note ?? "" },
        score,
      ])
    : [];
  const acts = said
    ? best(said, known.acts, (act) => [act.title, ...act.aliases]).map(({ row, score }): [Meaning, number] => [
        { kind: "act", id: row.id, title: row.title },
        score - 1,
      ])
    : [];
  const rest = [...pages, ...hosts, ...metrics, ...acts].sort((a, b) => b[1] - a[1]).map(([meaning]) => meaning);
  const asWords = said && !trace.length && !promql.length && !logql.length;
  const search: Meaning[] = asWords
    ? [
        { kind: "logs", text: said },
        { kind: "search", text: said },
      ]
    : [];
  const room = ROWS_MAX - search.length - issue.length;
  const [before, behind] = capitals ? [issue, []] : [[], issue];
  return [...[...before, ...trace, ...promql, ...logql, ...rest].slice(0, room), ...search, ...behind];
}

function best<T>(said: string, rows: readonly T[], names: (row: T) => readonly string[]): { row: T; score: number }[] {
  return rows
    .map((row) => ({ row, score: Math.max(...names(row).map((name) => nearness(said, name))) }))
    .filter(({ score }) => score > 0)
    .sort((a, b) => b.score - a.score)
    .slice(0, PER_KIND_MAX);
}

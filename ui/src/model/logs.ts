/** Log lines as the page shows them: the search as text, marks in a line, JSON opened, control characters made visible. Pure. */
import { type LineSeverity, type LineShown, SEVERITIES, type StreamShown } from "../api/logs.ts";

/** A line together with the stream it came with. */
export interface Line {
  readonly ts: string;
  readonly ms: number;
  readonly severity: LineSeverity;
  readonly text: string;
  readonly stream: StreamShown;
  readonly attributes: Readonly<Record<string, string>>;
  readonly fields: Readonly<Record<string, string>>;
  readonly traceId: string;
}

export function lineOf(shown: LineShown, streams: readonly StreamShown[]): Line {
  return {
    ts: shown.ts,
    ms: Math.floor(Number(shown.ts) / 1e6),
    severity: shown.severity,
    text: shown.line,
    stream: streams[shown.stream]!,
    attributes: shown.attributes ?? {},
    fields: shown.fields ?? {},
    traceId: shown.trace_id ?? "",
  };
}

const TRACE_IN_TEXT = /\btrace[_.-]?id\W{1,6}([0-9a-f]{32})\b/i;

/** The trace a line belongs to, said beside it or in it; "" when neither does. */
export function traceOf(line: Line): string {
  return line.traceId || (TRACE_IN_TEXT.exec(line.text.slice(0, 65_536))?.[1]?.toLowerCase() ?? "");
}

export type Tone = "critical" | "warning" | "info" | "unknown";
/** The colour strip at a line's left edge: red is for what is wrong, and debug is quiet. */
export const TONE: Record<LineSeverity, Tone> = {
  fatal: "critical",
  critical: "critical",
  error: "critical",
  warn: "warning",
  info: "info",
  debug: "unknown",
  trace: "unknown",
  unknown: "unknown",
};

/** From the worst down: the order of a stack's layers from below, so that errors stand on the ground. */
export const WORST_FIRST: readonly LineSeverity[] = [...SEVERITIES].reverse();

export interface Piece {
  readonly text: string;
  readonly marked: boolean;
}

/** `text` cut where one of `words` stands, whatever its case. */
export function marked(text: string, words: readonly string[]): Piece[] {
  const wanted = words.filter((word) => word !== "").map((word) => word.toLowerCase());
  if (wanted.length === 0) return [{ text, marked: false }];
  const low = text.toLowerCase();
  // A letter whose small form is longer shifts every place after it; then nothing is marked rather than wrong letters.
  if (low.length !== text.length) return [{ text, marked: false }];
  const pieces: Piece[] = [];
  let from = 0;
  for (;;) {
    let at = -1;
    let length = 0;
    for (const word of wanted) {
      const found = low.indexOf(word, from);
      if (found >= 0 && (at < 0 || found < at || (found === at && word.length > length)))
        [at, length] = [found, word.length];
    }
    if (at < 0) break;
    if (at > from) pieces.push({ text: text.slice(from, at), marked: false });
    pieces.push({ text: text.slice(at, at + length), marked: true });
    from = at + length;
  }
  if (from < text.length) pieces.push({ text: text.slice(from), marked: false });
  return pieces;
}

// biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for
const ANSI = /\u001b\[[0-9;:?]*[ -/]*[@-~]|\u001b\][^\u0007\u001b]*(?:\u0007|\u001b\\)|\u001b[@-_]/g;
// Controls, and the characters that turn or hide the text around them.
// biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for
const HIDDEN = /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff]/g;

const ESCAPED = /\\+u([0-9a-fA-F]{4})/g;

/** What a line says where its writer escaped it: `\uacb0\uc81c` is 결제. Only letters: controls stay escaped. */
export function said(text: string): string {
  return text.replace(ESCAPED, (whole, hex: string) => {
    const code = Number.parseInt(hex, 16);
    return code < 0xa0 ? whole : String.fromCharCode(code);
  });
}

/** A line that cannot forge another one: colours off, newlines and invisible characters shown as what they are. */
export function onOneLine(text: string): string {
  return visible(text).replaceAll("\n", " ⏎ ").replaceAll("\t", "  ");
}

/** As `onOneLine`, with the newlines and tabs that the text has. */
export function visible(text: string): string {
  return said(text)
    .replace(ANSI, "")
    .replace(/\r\n/g, "\n")
    .replace(HIDDEN, (character) => `␀⟨${character.charCodeAt(0).toString(16).padStart(4, "0")}⟩`.slice(1));
}

export interface Node {
  readonly key: string;
  readonly depth: number;
  readonly text: string;
  readonly kind: "string" | "number" | "boolean" | "null" | "open" | "close";
  /** Path as a field's name in a search: `request_id`, `user_name`. "" where it cannot be asked. */
  readonly field: string;
}

const NODES_MAX = 2000;
const JSON_CHARACTERS_MAX = 262_144;

/** The rows of a JSON object opened, or null when the line is none. */
export function jsonRows(text: string): Node[] | null {
  const begin = text.trimStart();
  if (!begin.startsWith("{") || text.length > JSON_CHARACTERS_MAX) return null;
  let value: unknown;
  try {
    value = JSON.parse(begin);
  } catch {
    return null;
  }
  if (value === null || typeof value !== "object" || Array.isArray(value)) return null;
  const rows: Node[] = [];
  walk(value as Record<string, unknown>, 0, "", rows);
  return rows;
}

function walk(value: Record<string, unknown> | unknown[], depth: number, path: string, rows: Node[]): void {
  const inArray = Array.isArray(value);
  for (const [key, inner] of Object.entries(value)) {
    if (rows.length >= NODES_MAX) return;
    const field = inArray ? "" : path === "" && depth > 0 ? "" : [path, key].filter(Boolean).join("_");
    const row = (text: string, kind: Node["kind"]): void =>
      void rows.push({ key, depth, text, kind, field: kind === "open" ? "" : field });
    if (inner !== null && typeof inner === "object") {
      row(Array.isArray(inner) ? `[${inner.length}]` : "{…}", "open");
      if (depth < 24) walk(inner as Record<string, unknown>, depth + 1, field, rows);
    } else if (typeof inner === "string") row(inner, "string");
    else if (typeof inner === "number") row(String(inner), "number");
    else if (typeof inner === "boolean") row(String(inner), "boolean");
    else row("null", "null");
  }
}

/** The search with one more condition: `name:value`, or without it. */
export function withField(search: string, name: string, value: string, negated = false): string {
  const said =
    /^[^\s"\\]+$/.test(value) && value !== "" ? value : `"${value.replaceAll("\\", "\\\\").replaceAll('"', '\\"')}"`;
  const term = `${negated ? "-" : ""}${name}:${said}`;
  const opposite = `${negated ? "" : "-"}${name}:${said}`;
  const rest = search.replace(opposite, " ").replace(/\s+/g, " ").trim();
  if (rest.split(" ").includes(term)) return rest;
  return rest.startsWith("{") ? withMatcher(rest, name, value, negated) : `${rest} ${term}`.trim();
}

/** The same for a search that is LogQL already: a filter at its end. */
function withMatcher(logql: string, name: string, value: string, negated: boolean): string {
  return `${logql} | ${name.replace(/[^A-Za-z0-9_]/g, "_")}${negated ? "!=" : "="}${JSON.stringify(value)}`;
}

/** Lines of a download or of the clipboard, as they were sent. */
export function asText(lines: readonly Line[]): string {
  return lines.map((line) => line.text).join("\n");
}

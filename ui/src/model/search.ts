/** The log page's box: what is being typed at the caret, and what would complete it. Pure: the names come in. */
import { type FieldValues, SEVERITIES } from "../api/logs.ts";

/** The piece of a search that the caret stands in. */
export interface Piece {
  readonly kind: "name" | "value";
  /** Where the completed piece goes: `[from, to)` of the text. */
  readonly from: number;
  readonly to: number;
  /** The field whose value is typed; "" while a name is. */
  readonly name: string;
  /** What of the name or value is there already, without quotes. */
  readonly typed: string;
  /** Between the braces of LogQL instead of `field:value`. */
  readonly logql: boolean;
}

export interface Offer {
  readonly kind: Piece["kind"];
  readonly text: string;
  /** Lines that have it, of those that were looked at; null when nobody counted. */
  readonly count: number | null;
}

const OFFERS_MAX = 8;
const NAME = String.raw`[A-Za-z_][\w.\-]*`;
const WORDS = new RegExp(`^-?(?:(${NAME})(>=|<=|!=|=|>|<|:)("?)([^"]*)|(${NAME})?)$`);
const MATCHER = /^\s*(?:([A-Za-z_]\w*)\s*(=~|!~|!=|=)\s*"((?:[^"\\]|\\.)*)|([A-Za-z_]\w*)?)$/;

/** Null where nothing can be completed: in a phrase, in a pipeline, behind what is finished. */
export function pieceAt(text: string, caret: number): Piece | null {
  return text.trimStart().startsWith("{") ? inBraces(text, caret) : inWords(text, caret);
}

function inWords(text: string, caret: number): Piece | null {
  const start = termStart(text.slice(0, caret));
  const before = text.slice(start, caret);
  const found = WORDS.exec(before);
  if (!found) return null;
  const rest = /^[^\s"]*"?/.exec(text.slice(caret))?.[0].length ?? 0;
  const [, name, op, , value] = found;
  if (name !== undefined && op !== undefined)
    // `250ms` or `12:30` is nothing that a list of values would help with.
    return [":", "=", "!="].includes(op)
      ? {
          kind: "value",
          from: start + before.indexOf(op) + op.length,
          to: caret + rest,
          name,
          typed: value ?? "",
          logql: false,
        }
      : null;
  const minus = before.startsWith("-") ? 1 : 0;
  return { kind: "name", from: start + minus, to: caret + rest, name: "", typed: before.slice(minus), logql: false };
}

/** Where the term begins that ends at the end of `text`: behind the last blank that is in no quotes. */
function termStart(text: string): number {
  let start = 0;
  let quoted = false;
  for (let i = 0; i < text.length; i++) {
    if (text[i] === "\\" && quoted) i++;
    else if (text[i] === '"') quoted = !quoted;
    else if (!quoted && /\s/.test(text[i]!)) start = i + 1;
  }
  return start;
}

function inBraces(text: string, caret: number): Piece | null {
  const open = text.indexOf("{");
  if (caret <= open) return null;
  let start = open + 1;
  let quoted = false;
  for (let i = start; i < caret; i++) {
    if (text[i] === "\\" && quoted) i++;
    else if (text[i] === '"') quoted = !quoted;
    else if (!quoted && text[i] === ",") start = i + 1;
    else if (!quoted && text[i] === "}") return null;
  }
  const before = text.slice(start, caret);
  const found = MATCHER.exec(before);
  if (!found) return null;
  const [, name, op, value, bare] = found;
  if (name !== undefined && op !== undefined && value !== undefined) {
    const rest = /^[^",}]*"?/.exec(text.slice(caret))?.[0].length ?? 0;
    return { kind: "value", from: caret - value.length - 1, to: caret + rest, name, typed: value, logql: true };
  }
  const typed = bare ?? "";
  const rest = /^\w*/.exec(text.slice(caret))?.[0].length ?? 0;
  return { kind: "name", from: caret - typed.length, to: caret + rest, name: "", typed, logql: true };
}

/** What would complete `piece`: names and values that begin with what was typed first, then those that hold it. */
export function offers(piece: Piece, fields: readonly FieldValues[], values: readonly string[] = []): Offer[] {
  const found: Offer[] = [];
  if (piece.kind === "name") {
    if (piece.typed === "" && !piece.logql) return [];
    for (const { name, kind } of fields)
      if ((!piece.logql || kind === "label") && !found.some((one) => one.text === name))
        found.push({ kind: "name", text: name, count: null });
    if (!piece.logql)
      for (const name of ["level", "service", "trace_id", "security"])
        if (!found.some((one) => one.text === name)) found.push({ kind: "name", text: name, count: null });
  } else {
    const own = piece.name === "service" ? "service_name" : piece.name;
    for (const field of fields)
      if (field.name === own)
        for (const { value, count } of field.top)
          if (value !== "" && !found.some((one) => one.text === value))
            found.push({ kind: "value", text: value, count });
    const known = piece.name === "level" ? [...SEVERITIES].reverse() : values;
    for (const value of known)
      if (!found.some((one) => one.text === value)) found.push({ kind: "value", text: value, count: null });
  }
  return found
    .map((offer) => ({ offer, near: likeness(offer.text, piece.typed) }))
    .filter(({ offer, near }) => near > 0 && offer.text !== piece.typed)
    .sort((a, b) => b.near - a.near)
    .slice(0, OFFERS_MAX)
    .map(({ offer }) => offer);
}

/** 2: begins with what was typed; 1: holds it; 0: neither. */
function likeness(text: string, typed: string): number {
  const said = sounds(text);
  const ways = waysToRead(typed);
  if (ways.some((way) => said.startsWith(way))) return 2;
  return ways.some((way) => said.includes(way)) ? 1 : 0;
}

const COMPATIBLE = "ㄱㄲㄴㄷㄸㄹㅁㅂㅃㅅㅆㅇㅈㅉㅊㅋㅌㅍㅎ";
const FINALS = "ᆨᆩᆫᆮ ᆯᆷᆸ ᆺᆻᆼᆽ ᆾᆿᇀᇁᇂ";
const INITIAL_FIRST = 0x1100;

/** The sounds a text is written with, so that 겨 is the beginning of 결 while the syllable is still being composed. */
function sounds(text: string): string {
  return text
    .toLowerCase()
    .normalize("NFD")
    .replace(/[ㄱ-ㅎ]/g, (letter) => {
      const at = COMPATIBLE.indexOf(letter);
      return at < 0 ? letter : String.fromCharCode(INITIAL_FIRST + at);
    });
}

/** A consonant that closes the last syllable may be about to open the next one: 갑 is on its way to 가방. */
function waysToRead(typed: string): string[] {
  const said = sounds(typed);
  const at = said === "" ? -1 : FINALS.indexOf(said.at(-1)!);
  return at < 0 || said.at(-1) === " " ? [said] : [said, said.slice(0, -1) + String.fromCharCode(INITIAL_FIRST + at)];
}

/** The text with `offer` in the place of `piece`, and where the caret goes. */
export function completed(text: string, piece: Piece, offer: Offer): { text: string; caret: number } {
  const inserted = piece.kind === "name" ? named(piece, offer.text) : valued(piece, offer.text);
  const head = text.slice(0, piece.from) + inserted;
  const tail = text.slice(piece.to);
  return { text: head + (piece.logql ? tail : tail.trimStart()), caret: head.length };
}

const named = (piece: Piece, name: string): string => (piece.logql ? `${name}="` : `${name}:`);
function valued(piece: Piece, value: string): string {
  const quoted = `"${value.replaceAll("\\", "\\\\").replaceAll('"', '\\"')}"`;
  if (piece.logql) return quoted;
  return `${/^[^\s"\\]+$/.test(value) ? value : quoted} `;
}

export const RECENT_MAX = 20;
const RECENT_CHARACTERS_MAX = 500;

/** Searches made before with `search` as the newest, each of them once. */
export function withRecent(recent: readonly string[], search: string): string[] {
  const said = search.trim();
  if (said === "" || said.length > RECENT_CHARACTERS_MAX) return [...recent];
  return [said, ...recent.filter((one) => one !== said)].slice(0, RECENT_MAX);
}

/** What was kept in the browser, whatever became of it there. */
export function recentFrom(kept: string | null): string[] {
  try {
    const said: unknown = JSON.parse(kept ?? "[]");
    return Array.isArray(said)
      ? said.filter((one) => typeof one === "string" && one.length <= RECENT_CHARACTERS_MAX).slice(0, RECENT_MAX)
      : [];
  } catch {
    return [];
  }
}

/** The lines that a LogQL metric question counts: its first selector with its pipeline; "" when it has none. */
export function linesBehind(logql: string): string {
  const bare = logql.replace(/"(?:[^"\\]|\\.)*"|`[^`]*`/g, (quoted) => "\u0000".repeat(quoted.length));
  const from = bare.indexOf("{");
  const to = bare.indexOf("[", from);
  if (from < 0 || to < 0) return "";
  const unwrapped = bare.slice(from, to).search(/\|\s*unwrap\b/);
  return logql.slice(from, unwrapped < 0 ? to : from + unwrapped).trim();
}

/** A search of log lines that belong to a metric's series: its service, or its host; "" when it names neither. */
export function searchOf(labels: Readonly<Record<string, string>>): string {
  const first = (names: readonly string[]): string => names.map((name) => labels[name]).find((one) => one) ?? "";
  const service = first(["service", "service_name", "app", "job"]);
  const host = first(["host", "nodename", "node"]);
  const terms = [
    service && !MACHINES.includes(service) ? term("service", service) : "",
    host ? term("host", host) : "",
  ].filter(Boolean);
  return terms.join(" ");
}

/** Jobs that speak of a machine and write no lines of their own. */
const MACHINES = ["node", "cadvisor", "hannun", "node-exporter", "node_exporter"];
const term = (name: string, value: string): string =>
  `${name}:${valued({ kind: "value", from: 0, to: 0, name, typed: "", logql: false }, value).trim()}`;

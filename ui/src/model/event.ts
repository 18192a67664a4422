/** An event's payload as a page shows it. Pure: whatever is missing or of another shape becomes nothing, never an error. */

export type Json = unknown;
type Obj = Record<string, Json>;

export interface Frame {
  function: string;
  where: string;
  path: string;
  line: number | null;
  column: number | null;
  inApp: boolean;
  /** [line number, text, whether it is the one] */
  source: readonly (readonly [number, string, boolean])[];
  vars: readonly (readonly [string, Json])[];
  mapped: boolean;
  /** Its locals came as Python writes them: what is text stands in quotes already. */
  reprs: boolean;
}

export interface Thrown {
  type: string;
  value: string;
  module: string;
  handled: boolean | null;
  mechanism: string;
  /** The call that failed first. */
  frames: readonly Frame[];
}

export interface Crumb {
  ms: number | null;
  level: string;
  category: string;
  message: string;
  data: readonly (readonly [string, Json])[];
}

export interface Group {
  name: string;
  rows: readonly (readonly [string, Json])[];
}

export interface Remark {
  name: string;
  type: string;
}

const isObj = (value: Json): value is Obj => typeof value === "object" && value !== null && !Array.isArray(value);
const obj = (value: Json): Obj => (isObj(value) ? value : {});
const list = (value: Json): Json[] =>
  Array.isArray(value) ? value : Array.isArray(obj(value)["values"]) ? (obj(value)["values"] as Json[]) : [];
const text = (value: Json): string =>
  typeof value === "string"
    ? value
    : value === null || value === undefined
      ? ""
      : typeof value === "object"
        ? JSON.stringify(value)
        : String(value);
const num = (value: Json): number | null => (typeof value === "number" && Number.isFinite(value) ? value : null);
const pairs = (value: Json): [string, Json][] =>
  Object.entries(obj(value)).filter(([, inner]) => inner !== null && inner !== undefined && inner !== "");

/** Locals by their names; what the interpreter keeps for itself (`__builtins__`, …) comes last. */
const locals = (value: Json): [string, Json][] =>
  pairs(value).sort(([a], [b]) => Number(a.startsWith("__")) - Number(b.startsWith("__")));

function frameOf(raw: Json, platform: Json): Frame {
  const it = obj(raw);
  const line = num(it["lineno"]);
  const source: [number, string, boolean][] = [];
  if (line !== null && typeof it["context_line"] === "string") {
    const before = list(it["pre_context"]).map(text);
    const after = list(it["post_context"]).map(text);
    for (const [i, said] of before.entries()) source.push([line - before.length + i, said, false]);
    source.push([line, it["context_line"], true]);
    for (const [i, said] of after.entries()) source.push([line + 1 + i, said, false]);
  }
  return {
    function: text(it["function"]) || text(it["raw_function"]),
    where: text(it["module"]) || text(it["filename"]) || text(it["package"]) || text(it["abs_path"]),
    path: text(it["abs_path"]) || text(it["filename"]),
    line,
    column: num(it["colno"]),
    inApp: it["in_app"] === true,
    source,
    vars: locals(it["vars"]),
    mapped: obj(it["data"])["sourcemap"] !== undefined,
    reprs: (it["platform"] ?? platform) === "python",
  };
}

/** Frames of a stack, the failing call first. */
export const framesOf = (stack: Json, platform: Json = ""): Frame[] =>
  list(obj(stack)["frames"])
    .filter(isObj)
    .map((raw) => frameOf(raw, platform))
    .reverse();

/** The exception that was raised first in the list, then what caused it. */
export function thrown(payload: Obj): Thrown[] {
  const values = list(payload["exception"])
    .filter(isObj)
    .map((it): Thrown => {
      const mechanism = obj(it["mechanism"]);
      return {
        type: text(it["type"]),
        value: text(it["value"]),
        module: text(it["module"]),
        handled: typeof mechanism["handled"] === "boolean" ? mechanism["handled"] : null,
        mechanism: text(mechanism["type"]),
        frames: framesOf(it["stacktrace"], payload["platform"]),
      };
    });
  if (values.some((one) => one.frames.length > 0)) return values.reverse();
  const loose = stackElsewhere(payload);
  const [first, ...rest] = values.reverse();
  if (first) return [{ ...first, frames: loose }, ...rest];
  return loose.length ? [{ type: "", value: "", module: "", handled: null, mechanism: "", frames: loose }] : [];
}

/** Of a message: the stack stands at its thread or at the top. */
function stackElsewhere(payload: Obj): Frame[] {
  const threads = list(payload["threads"]).filter(isObj);
  const thread = threads.find((one) => one["crashed"]) ?? threads.find((one) => one["current"]) ?? threads[0];
  const frames = thread ? framesOf(thread["stacktrace"], payload["platform"]) : [];
  return frames.length ? frames : framesOf(payload["stacktrace"], payload["platform"]);
}

/** Runs of frames: those that stand open or in view, and library frames folded between them. */
export interface Run {
  folded: boolean;
  frames: readonly { frame: Frame; index: number }[];
}

export function runs(frames: readonly Frame[], appOnly: boolean): Run[] {
  const any = frames.some((one) => one.inApp);
  const out: { folded: boolean; frames: { frame: Frame; index: number }[] }[] = [];
  for (const [index, frame] of frames.entries()) {
    // The call that failed is shown even when it is a library's: it names what went wrong.
    const folded = appOnly && any && !frame.inApp && index !== 0;
    const last = out.at(-1);
    if (last && last.folded === folded) last.frames.push({ frame, index });
    else out.push({ folded, frames: [{ frame, index }] });
  }
  return out;
}

/** The frame to open first: the app's own nearest to the failure. */
export const firstOpen = (frames: readonly Frame[]): number =>
  Math.max(
    0,
    frames.findIndex((one) => one.inApp),
  );

export function message(payload: Obj): string {
  const entry = obj(payload["logentry"]);
  return text(entry["formatted"]) || text(entry["message"]) || text(payload["message"]);
}

/** What the user did, oldest first. */
export function crumbs(payload: Obj): Crumb[] {
  return list(payload["breadcrumbs"])
    .filter(isObj)
    .map((it) => {
      const said = text(it["message"]);
      const call = said ? "" : asked(obj(it["data"]));
      return {
        ms: moment(it["timestamp"]),
        level: text(it["level"]) || "info",
        category: text(it["category"]) || text(it["type"]),
        message: said || call,
        data: dataOf(it["data"]).filter(([name]) => !call || !ASKED.has(name)),
      };
    });
}

const dataOf = (data: Json): [string, Json][] => (isObj(data) ? pairs(data) : data ? [["", data]] : []);
const ASKED = new Set(["url", "method", "http.method", "status_code", "http.response.status_code"]);

/** What a crumb of an HTTP call says in a line: SDKs put its parts into the data alone. */
function asked(data: Obj): string {
  const status = data["status_code"] ?? data["http.response.status_code"];
  const url = text(data["url"]);
  return url
    ? [text(data["method"]) || text(data["http.method"]), url, status && `[${text(status)}]`].filter(Boolean).join(" ")
    : "";
}

function moment(value: Json): number | null {
  if (typeof value === "number") return value < 1e11 ? value * 1000 : value;
  const ms = typeof value === "string" ? Date.parse(value) : Number.NaN;
  return Number.isNaN(ms) ? null : ms;
}

export interface Requested {
  method: string;
  url: string;
  query: readonly (readonly [string, Json])[];
  headers: readonly (readonly [string, Json])[];
  cookies: readonly (readonly [string, Json])[];
  env: readonly (readonly [string, Json])[];
  body: Json;
}

export function request(payload: Obj): Requested | null {
  const it = obj(payload["request"]);
  if (Object.keys(it).length === 0) return null;
  return {
    method: text(it["method"]),
    url: text(it["url"]),
    query: named(it["query_string"]),
    headers: named(it["headers"]),
    cookies: named(it["cookies"]),
    env: named(it["env"]),
    body: it["data"] ?? null,
  };
}

/** A map, a list of pairs, or a query string. */
function named(value: Json): [string, Json][] {
  if (typeof value === "string") return [...new URLSearchParams(value)];
  if (Array.isArray(value))
    return value.filter((one): one is [Json, Json] => Array.isArray(one)).map(([name, inner]) => [text(name), inner]);
  return pairs(value);
}

/** Contexts by name; what an old SDK sent as a plain value is shown as one. */
export function contexts(payload: Obj): Group[] {
  return Object.entries(obj(payload["contexts"]))
    .filter(([name, value]) => name !== "trace" && value !== null && value !== undefined)
    .map(([name, value]) => ({
      name,
      rows: isObj(value) ? pairs(value).filter(([key]) => key !== "type") : [["", value] as const],
    }))
    .filter((group) => group.rows.length > 0);
}

export const user = (payload: Obj): [string, Json][] => pairs(payload["user"]);
export const extra = (payload: Obj): [string, Json][] => pairs(payload["extra"]);
export const modules = (payload: Obj): [string, Json][] => pairs(payload["modules"]);

export function remarks(payload: Obj): Remark[] {
  return list(payload["errors"])
    .filter(isObj)
    .map((it) => ({ name: text(it["name"]), type: text(it["reason"]) || text(it["type"]) }));
}

export function trace(payload: Obj): { trace: string; span: string } {
  const it = obj(obj(payload["contexts"])["trace"]);
  return { trace: text(it["trace_id"]), span: text(it["span_id"]) };
}

export function sdk(payload: Obj): string {
  const it = obj(payload["sdk"]);
  return [text(it["name"]), text(it["version"])].filter(Boolean).join(" ");
}

/** A value as it was written, indented when it is more than a word. */
export function shown(value: Json): string {
  return typeof value === "string"
    ? value
    : value === undefined
      ? ""
      : JSON.stringify(value, null, typeof value === "object" ? 2 : 0);
}

/** A value whose texts were written by Python: shown as they are, without a second pair of quotes. */
export function shownRepr(value: Json, indent = ""): string {
  if (typeof value !== "object" || value === null) return shown(value);
  const deeper = `${indent}  `;
  const [open, close, rows] = Array.isArray(value)
    ? ["[", "]", value.map((one) => shownRepr(one, deeper))]
    : ["{", "}", Object.entries(value).map(([name, one]) => `${name}: ${shownRepr(one, deeper)}`)];
  return rows.length ? `${open}\n${rows.map((row) => deeper + row).join(",\n")}\n${indent}${close}` : open + close;
}

/** The whole event as plain text, for a message to a colleague or a machine. */
export function asText(title: string, payload: Obj): string {
  const lines = [title];
  for (const one of thrown(payload)) {
    lines.push("", [one.type, one.value].filter(Boolean).join(": "));
    for (const frame of one.frames)
      lines.push(
        `    at ${frame.function || "?"} (${frame.where}${frame.line === null ? "" : `:${frame.line}`})${frame.inApp ? "" : " [library]"}`,
      );
  }
  return lines.join("\n");
}

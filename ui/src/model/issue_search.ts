/** Completing a search of issues: which word the caret is in, and what it becomes. Pure. */

export interface Word {
  start: number;
  end: number;
  /** `!` in front. */
  not: boolean;
  /** "" while the key itself is being written. */
  key: string;
  typed: string;
}

/** The word that ends at the caret. Quotes hold words together. */
export function wordAt(text: string, caret: number): Word {
  let start = 0;
  let quoted = false;
  for (let at = 0; at < caret; at += 1) {
    if (text[at] === '"') quoted = !quoted;
    else if (text[at] === " " && !quoted) start = at + 1;
  }
  const said = text.slice(start, caret);
  const not = said.startsWith("!");
  const bare = not ? said.slice(1) : said;
  const colon = bare.indexOf(":");
  return colon < 0
    ? { start, end: caret, not, key: "", typed: bare }
    : { start, end: caret, not, key: bare.slice(0, colon), typed: bare.slice(colon + 1).replaceAll('"', "") };
}

/** Quoted when a space or a sign of the language is in it. */
export const quoted = (value: string): string =>
  value === "" || /[\s":[\],*]/.test(value) ? `"${value.replace(/(["\\])/g, "\\$1")}"` : value;

/** The search with the word completed, and where the caret goes. */
export function completed(text: string, word: Word, choice: string): { text: string; caret: number } {
  const isKey = word.key === "";
  const piece = `${word.not ? "!" : ""}${isKey ? `${choice}:` : `${word.key}:${quoted(choice)} `}`;
  const rest = text.slice(word.end).replace(/^\s+/, "");
  return { text: text.slice(0, word.start) + piece + rest, caret: word.start + piece.length };
}

/** The search narrowed by one more term, or with it taken out when it stands there already. */
export function withTerm(text: string, key: string, value: string): string {
  const term = `${key}:${quoted(value)}`;
  const terms: string[] = text.match(/(?:"(?:[^"\\]|\\.)*"|\[[^\]]*\]|\S)+/g) ?? [];
  return (terms.includes(term) ? terms.filter((one) => one !== term) : [...terms, term]).join(" ");
}

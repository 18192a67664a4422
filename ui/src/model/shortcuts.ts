/** Keys: one table of what they do, and how strokes become one of its rows. Pure; `state/keyboard` listens.
 *
 * A shortcut is written as people say it: `g h` is g, then h; `mod+k` is ⌘K on a Mac and Ctrl+K elsewhere.
 */

export interface Shortcut {
  keys: string;
  /** Where it stands in the help. */
  group: "go" | "time" | "page" | "app";
  what: () => string;
  run: () => void;
}

export interface Stroke {
  key: string;
  ctrlKey: boolean;
  metaKey: boolean;
  altKey: boolean;
  shiftKey: boolean;
}

const NAMES: Record<string, string> = {
  ArrowLeft: "left",
  ArrowRight: "right",
  ArrowUp: "up",
  ArrowDown: "down",
  Escape: "esc",
  Enter: "enter",
  " ": "space",
};

// With a Korean keyboard the letter keys send jamo; the key that was meant is the one that lies there on a Latin one.
const JAMO: Record<string, string> = Object.fromEntries(
  [..."ㅂㅈㄷㄱㅅㅛㅕㅑㅐㅔㅁㄴㅇㄹㅎㅗㅓㅏㅣㅋㅌㅊㅍㅠㅜㅡ"].map((jamo, i) => [
    jamo,
    [..."qwertyuiopasdfghjklzxcvbnm"][i]!,
  ]),
);

/** `mod+k`, `t`, `?`, `left`: one stroke as it is written in the table. Empty for a modifier alone. */
export function strokeName(stroke: Stroke): string {
  if (["Shift", "Control", "Meta", "Alt", "CapsLock", "Process", "Unidentified"].includes(stroke.key)) return "";
  const name = NAMES[stroke.key] ?? JAMO[stroke.key] ?? stroke.key;
  const key = name.length === 1 ? name.toLowerCase() : name;
  const mod = stroke.ctrlKey || stroke.metaKey ? "mod+" : "";
  const alt = stroke.altKey ? "alt+" : "";
  // Shift is part of signs such as `?`, and told only where it changes the meaning of a letter.
  const shift = stroke.shiftKey && /^[a-z]$|^[a-z]{2,}$/.test(key) ? "shift+" : "";
  return `${mod}${alt}${shift}${key}`;
}

export type Outcome = { run: Shortcut } | { waiting: string } | null;

/** What a stroke means after the strokes in `pending`. */
export function press(table: readonly Shortcut[], pending: string, stroke: string): Outcome {
  for (const said of pending ? [`${pending} ${stroke}`, stroke] : [stroke]) {
    const hit = table.find((shortcut) => shortcut.keys === said);
    if (hit) return { run: hit };
    if (table.some((shortcut) => shortcut.keys.startsWith(`${said} `))) return { waiting: said };
  }
  return null;
}

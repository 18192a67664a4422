/**
 * The series palette: eight hues that stay apart for a person with deuteranopia, one set per theme.
 *
 * Started from hues chosen by eye and moved as little as brings every pair 0.1 apart in OKLab, seen normally and through
 * Machado's deuteranopia matrix, with 3:1 contrast on the page and away from the red of "critical". Hues chosen by eye
 * alone failed: pink and celadon on dark were 0.008 apart. palette.test.ts holds all of it, and that tokens.css agrees.
 */

export type Theme = "light" | "dark";

/** The same index is the same hue family in both themes, so a series keeps its character when the theme turns. */
export const PALETTE: Record<Theme, readonly string[]> = {
  light: ["#0e7c73", "#cf720d", "#2963c8", "#9a60c0", "#d1538d", "#707906", "#744b2b", "#3a5476"],
  dark: ["#5cc8b8", "#fb9c02", "#6796ff", "#c29fff", "#ffb9e9", "#cad78c", "#bb936a", "#7799ae"],
};

export const HUES = 8;

/** FNV-1a: small, stable across sessions and languages, and good enough to spread short names over eight hues. */
export function hash(text: string): number {
  let h = 0x811c9dc5;
  for (let i = 0; i < text.length; i++) {
    h ^= text.charCodeAt(i);
    h = Math.imul(h, 0x01000193);
  }
  // The low bits of FNV alone repeat for names that end alike ("cpu0", "cpu8"), so the high half is folded in.
  h ^= h >>> 15;
  h = Math.imul(h, 0x2c1b3c6d);
  return (h ^ (h >>> 13)) >>> 0;
}

/** The hue a name has on every page of the product. */
export function hueOf(name: string): number {
  return hash(name) % HUES;
}

/**
 * Hues for the series of one chart. Each name gets its own hue; when two names of a chart collide, the later one in
 * alphabetical order moves to the next free hue, so a chart of up to eight series never shows one colour twice and
 * the result does not depend on the order of arrival.
 */
export function assignHues(names: readonly string[]): number[] {
  const taken = new Array<number>(HUES).fill(0);
  const hues = new Map<string, number>();
  for (const name of [...new Set(names)].sort()) {
    const round = Math.min(...taken);
    let hue = hueOf(name);
    while (taken[hue]! > round) hue = (hue + 1) % HUES;
    taken[hue]! += 1;
    hues.set(name, hue);
  }
  return names.map((name) => hues.get(name)!);
}

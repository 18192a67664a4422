/**
 * The series palette: eight hues that stay apart for a person with deuteranopia, one set per theme.
 *
 * The sets came out of a search that maximised the smallest OKLab distance between any two colours, seen normally
 * and through Machado's deuteranopia matrix (light 0.13, dark 0.14), with 3:1 contrast on the page and distance
 * from the red of "critical". palette.test.ts holds those properties, so an edited colour has to earn its place.
 */

export type Theme = "light" | "dark";

/** The same index is the same hue family in both themes, so a series keeps its character when the theme turns. */
export const PALETTE: Record<Theme, readonly string[]> = {
  light: ["#0E7C73", "#4551B1", "#7D4102", "#B77AA1", "#9E8919", "#2894E6", "#381963", "#003F0A"],
  dark: ["#5CC8B8", "#8496FF", "#CD8D0A", "#F9CFFD", "#EAEF86", "#006DB3", "#C45998", "#3F7E16"],
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

import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { assignHues, HUES, hueOf, PALETTE, type Theme } from "./palette.ts";

const GROUND: Record<Theme, string> = { light: "#F7F8F7", dark: "#121615" };
const CRITICAL: Record<Theme, string> = { light: "#C8321F", dark: "#FF6B57" };

type Rgb = [number, number, number];

function linear(hex: string): Rgb {
  return [1, 3, 5].map((at) => {
    const c = parseInt(hex.slice(at, at + 2), 16) / 255;
    return c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4;
  }) as Rgb;
}

/** Machado, Oliveira, Fernandes 2009: deuteranopia at full severity, in linear RGB. */
function deuteranope([r, g, b]: Rgb): Rgb {
  return [
    0.367322 * r + 0.860646 * g - 0.227968 * b,
    0.280085 * r + 0.672501 * g + 0.047413 * b,
    -0.01182 * r + 0.04294 * g + 0.968881 * b,
  ].map((c) => Math.max(0, c)) as Rgb;
}

function oklab([r, g, b]: Rgb): Rgb {
  const l = Math.cbrt(0.4122214708 * r + 0.5363325363 * g + 0.0514459929 * b);
  const m = Math.cbrt(0.2119034982 * r + 0.6806995451 * g + 0.1073969566 * b);
  const s = Math.cbrt(0.0883024619 * r + 0.2817188376 * g + 0.6299787005 * b);
  return [
    0.2104542553 * l + 0.793617785 * m - 0.0040720468 * s,
    1.9779984951 * l - 2.428592205 * m + 0.4505937099 * s,
    0.0259040371 * l + 0.7827717662 * m - 0.808675766 * s,
  ];
}

const distance = (a: Rgb, b: Rgb): number => Math.hypot(a[0] - b[0], a[1] - b[1], a[2] - b[2]);
const luminance = ([r, g, b]: Rgb): number => 0.2126 * r + 0.7152 * g + 0.0722 * b;

function contrast(a: string, b: string): number {
  const [hi, lo] = [luminance(linear(a)), luminance(linear(b))].sort((x, y) => y - x) as [number, number];
  return (hi + 0.05) / (lo + 0.05);
}

function closestPair(colours: readonly string[], see: (rgb: Rgb) => Rgb): number {
  let least = Infinity;
  for (const [i, a] of colours.entries()) {
    for (const b of colours.slice(0, i))
      least = Math.min(least, distance(oklab(see(linear(a))), oklab(see(linear(b)))));
  }
  return least;
}

describe.each(["light", "dark"] as const)("the %s palette", (theme) => {
  const colours = PALETTE[theme];

  it("has eight hues and starts with the accent", () => {
    expect(colours).toHaveLength(HUES);
    expect(colours[0]).toBe(theme === "light" ? "#0e7c73" : "#5cc8b8");
  });

  it("stays apart under deuteranopia", () => {
    expect(closestPair(colours, deuteranope)).toBeGreaterThan(0.1);
  });

  it("stays apart for everybody else", () => {
    expect(closestPair(colours, (rgb) => rgb)).toBeGreaterThan(0.1);
  });

  it("is visible on the page: 3:1 for every line", () => {
    for (const colour of colours) expect(contrast(colour, GROUND[theme]), colour).toBeGreaterThan(3);
  });

  it("never looks like the red of critical", () => {
    const red = oklab(linear(CRITICAL[theme]));
    for (const colour of colours) expect(distance(oklab(linear(colour)), red), colour).toBeGreaterThan(0.1);
  });
});

describe("the palette", () => {
  it("is the one of the tokens", () => {
    const css = readFileSync("src/tokens.css", "utf8");
    const said = [...css.matchAll(/--series-\d: (#[0-9a-f]{6});/g)].map((hit) => hit[1]);
    expect(said).toEqual([...PALETTE.light, ...PALETTE.dark]);
  });
});

describe("hues of names", () => {
  it("are the same for a name whatever its neighbours, unless they collide", () => {
    const alone = assignHues(["checkout"])[0];
    expect(alone).toBe(hueOf("checkout"));
  });

  it("do not depend on the order of arrival", () => {
    const names = ["idle", "user", "system", "iowait", "nice"];
    const forward = new Map(names.map((n, i) => [n, assignHues(names)[i]]));
    const backward = [...names].reverse();
    for (const [i, hue] of assignHues(backward).entries()) expect(hue).toBe(forward.get(backward[i]!));
  });

  it("are all different for up to eight series", () => {
    const names = Array.from({ length: 8 }, (_, i) => `cpu${i}`);
    expect(new Set(assignHues(names)).size).toBe(8);
  });

  it("use every hue about equally when there are more series than hues", () => {
    const uses = new Array<number>(HUES).fill(0);
    for (const hue of assignHues(Array.from({ length: 64 }, (_, i) => `series ${i}`))) uses[hue]! += 1;
    expect(Math.max(...uses)).toBe(8);
  });
});

/** Both themes can be read: WCAG AA, 4.5 for text, 3 for shapes and the edges of controls. */
import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";

const css = readFileSync("src/tokens.css", "utf8");

function tokens(selector: string): Record<string, string> {
  const start = css.indexOf(`${selector} {`);
  const block = css.slice(start, css.indexOf("\n}", start));
  return Object.fromEntries(
    [...block.matchAll(/(--[\w-]+):\s*(#[0-9a-f]{6});/g)].map(([, name, value]) => [name!, value!]),
  );
}

function luminance(hex: string): number {
  const [r, g, b] = [1, 3, 5].map((at) => {
    const part = Number.parseInt(hex.slice(at, at + 2), 16) / 255;
    return part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4;
  });
  return 0.2126 * r! + 0.7152 * g! + 0.0722 * b!;
}

function contrast(a: string, b: string): number {
  const [high, low] = [luminance(a), luminance(b)].sort((x, y) => y - x);
  return (high! + 0.05) / (low! + 0.05);
}

const light = tokens(":root");
const dark = tokens(':root[data-theme="dark"]');
const SURFACES = ["--bg", "--surface", "--sunken", "--hover"];
const INKS = ["--ink", "--ink-2", "--ink-3", "--accent"];
const SEVERITIES = ["--critical", "--warning", "--info", "--fine", "--unknown"];

describe.each([
  ["light", light],
  ["dark", dark],
] as const)("the %s theme", (_name, theme) => {
  test.each(INKS.flatMap((ink) => SURFACES.map((surface) => [ink, surface] as const)))(
    "%s is read on %s",
    (ink, surface) => {
      expect(contrast(theme[ink]!, theme[surface]!)).toBeGreaterThanOrEqual(4.5);
    },
  );

  test.each(SEVERITIES)("%s is seen and read", (severity) => {
    expect(contrast(theme[severity]!, theme["--bg"]!)).toBeGreaterThanOrEqual(4.5);
    expect(contrast(theme[severity]!, theme["--surface"]!)).toBeGreaterThanOrEqual(4.5);
  });

  test.each(["critical", "warning", "info"])("text is read on the tint of %s", (severity) => {
    for (const ink of ["--ink", "--ink-2"])
      expect(contrast(theme[ink]!, theme[`--${severity}-soft`]!)).toBeGreaterThanOrEqual(4.5);
    expect(contrast(theme[`--${severity}`]!, theme[`--${severity}-soft`]!)).toBeGreaterThanOrEqual(3);
  });

  test("the edges of controls and the words on them are seen", () => {
    expect(contrast(theme["--line-strong"]!, theme["--bg"]!)).toBeGreaterThanOrEqual(3);
    expect(contrast(theme["--on-accent"]!, theme["--accent"]!)).toBeGreaterThanOrEqual(4.5);
    expect(contrast(theme["--accent"]!, theme["--accent-soft"]!)).toBeGreaterThanOrEqual(4.5);
  });

  test("eight series colours are seen on the page", () => {
    for (let i = 1; i <= 8; i += 1) expect(contrast(theme[`--series-${i}`]!, theme["--bg"]!)).toBeGreaterThanOrEqual(3);
  });
});

test("every token of one theme is a token of the other", () => {
  expect(Object.keys(dark).sort()).toEqual(Object.keys(light).sort());
});

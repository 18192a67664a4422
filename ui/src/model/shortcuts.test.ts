import { describe, expect, test } from "vitest";
import { press, type Shortcut, strokeName } from "./shortcuts.ts";

const key = (name: string, change = {}) => ({
  key: name,
  ctrlKey: false,
  metaKey: false,
  altKey: false,
  shiftKey: false,
  ...change,
});

test.each([
  [key("g"), "g"],
  [key("G", { shiftKey: true }), "shift+g"],
  [key("?", { shiftKey: true }), "?"],
  [key("k", { metaKey: true }), "mod+k"],
  [key("k", { ctrlKey: true }), "mod+k"],
  [key("ArrowLeft"), "left"],
  [key("Escape"), "esc"],
  [key("ㅎ"), "g"],
  [key("ㅗ"), "h"],
  [key("Shift", { shiftKey: true }), ""],
  [key("Process"), ""],
])("%j is %s", (stroke, expected) => {
  expect(strokeName(stroke)).toBe(expected);
});

describe("strokes become a row of the table", () => {
  const row = (keys: string): Shortcut => ({ keys, group: "go", what: () => keys, run: () => {} });
  const table = [row("g h"), row("g e"), row("?"), row("t left")];
  const meant = (pending: string, stroke: string): string => {
    const outcome = press(table, pending, stroke);
    return outcome === null ? "nothing" : "run" in outcome ? outcome.run.keys : `waiting ${outcome.waiting}`;
  };

  test.each([
    ["", "?", "?"],
    ["", "g", "waiting g"],
    ["g", "h", "g h"],
    ["g", "x", "nothing"],
    ["g", "?", "?"],
    ["g", "t", "waiting t"],
    ["t", "left", "t left"],
    ["", "h", "nothing"],
  ])("after %j comes %s: %s", (pending, stroke, expected) => {
    expect(meant(pending, stroke)).toBe(expected);
  });
});

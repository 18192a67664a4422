import { describe, expect, it } from "vitest";
import { completed, quoted, withTerm, wordAt } from "./issue_search.ts";

describe("completing a search of issues", () => {
  it.each([
    ["is", 2, { key: "", typed: "is", start: 0, not: false }],
    ["is:unr", 6, { key: "is", typed: "unr", start: 0 }],
    ["level:error !rel", 16, { key: "", typed: "rel", start: 12, not: true }],
    ['message:"a b', 12, { key: "message", typed: "a b", start: 0 }],
    ["a ", 2, { key: "", typed: "", start: 2 }],
  ])("finds the word of %j at %d", (text, caret, word) => {
    expect(wordAt(text, caret)).toMatchObject(word);
  });

  it("puts a key with its colon and a value with a space behind it", () => {
    expect(completed("is", wordAt("is", 2), "issue.priority")).toEqual({ text: "issue.priority:", caret: 15 });
    expect(completed("!release:a b", wordAt("!release:a", 10), "shop@1 2")).toEqual({
      text: '!release:"shop@1 2" b',
      caret: 20,
    });
  });

  it("quotes what needs it", () => {
    expect([quoted("1.2"), quoted('a "b"'), quoted("x*")]).toEqual(["1.2", '"a \\"b\\""', '"x*"']);
  });

  it("adds a term and takes it out again", () => {
    expect(withTerm("is:unresolved", "os.name", "iOS")).toBe("is:unresolved os.name:iOS");
    expect(withTerm("is:unresolved os.name:iOS", "os.name", "iOS")).toBe("is:unresolved");
    expect(withTerm('browser:"Chrome 131" is:new', "browser", "Chrome 131")).toBe("is:new");
    expect(withTerm("level:errors", "level", "error")).toBe("level:errors level:error");
    expect(withTerm('release:[1.0, 1.1] "two words"', "user", "")).toBe('release:[1.0, 1.1] "two words" user:""');
  });
});

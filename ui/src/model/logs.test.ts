import { describe, expect, test } from "vitest";
import { jsonRows, lineOf, marked, onOneLine, traceOf, visible, withField } from "./logs.ts";

test("a line knows its stream and its moment", () => {
  const stream = { id: "0f", service: "shop", environment: "", host: "web-1", labels: {} };
  const line = lineOf({ ts: "1795193448534000123", stream: 0, severity: "error", line: "x" }, [stream]);
  expect([line.ms, line.stream.service, line.traceId]).toEqual([1795193448534, "shop", ""]);
});

test.each([
  ["beside it", "x", "ab".repeat(16), "ab".repeat(16)],
  ["in JSON", `{"trace_id":"${"AB".repeat(16)}"}`, "", "ab".repeat(16)],
  ["in logfmt", `level=info traceId=${"0f".repeat(16)} x=1`, "", "0f".repeat(16)],
  ["escaped", `{\\"trace.id\\": \\"${"0f".repeat(16)}\\"}`, "", "0f".repeat(16)],
  ["nowhere", `id=${"0f".repeat(16)}`, "", ""],
])("the trace of a line stands %s", (_, text, trace_id, expected) => {
  const stream = { id: "0f", service: "", environment: "", host: "", labels: {} };
  const line = lineOf({ ts: "1", stream: 0, severity: "info", line: text, trace_id }, [stream]);
  expect(traceOf(line)).toBe(expected);
});

describe("words in a line", () => {
  test.each([
    ["whatever their case", "Payment FAILED", ["failed"], "Payment [FAILED]"],
    ["Hangul", "결제 실패: 카드", ["결제", "카드"], "[결제] 실패: [카드]"],
    ["the longer of two at one place", "timeouts", ["time", "timeout"], "[timeout]s"],
    ["none", "abc", ["x"], "abc"],
    ["no words", "abc", [""], "abc"],
  ])("%s", (_, text, words, expected) => {
    expect(
      marked(text, words)
        .map((piece) => (piece.marked ? `[${piece.text}]` : piece.text))
        .join(""),
    ).toBe(expected);
  });
});

describe("hostile lines", () => {
  test("colours go, newlines cannot forge a line, what turns text around is shown", () => {
    expect(onOneLine("\u001b[31mred\u001b[0m\nnext\u202eevil\u0007")).toBe("red ⏎ next⟨202e⟩evil⟨0007⟩");
  });
  test("an opened line keeps its newlines", () => {
    expect(visible("a\r\n\tb")).toBe("a\n\tb");
  });
});

test("what was escaped is read as what it says; controls stay escaped", () => {
  expect(onOneLine('{"m": "\\uacb0\\uc81c \\\\uc2e4\\\\ud328 \\u0007"}')).toBe('{"m": "결제 실패 \\u0007"}');
});

describe("JSON lines", () => {
  test("every leaf has the name by which it can be asked", () => {
    const rows = jsonRows('{"level":"error","user":{"id":7},"tags":["a"],"none":null,"ok":true}');
    expect(rows?.map((row) => [row.depth, row.key, row.text, row.field])).toEqual([
      [0, "level", "error", "level"],
      [0, "user", "{…}", ""],
      [1, "id", "7", "user_id"],
      [0, "tags", "[1]", ""],
      [1, "0", "a", ""],
      [0, "none", "null", "none"],
      [0, "ok", "true", "ok"],
    ]);
  });
  test.each(["plain", "[1]", "{broken", "null"])("%s is none", (text) => {
    expect(jsonRows(text)).toBeNull();
  });
});

describe("the search grows by a click", () => {
  test.each([
    ["a plain value", "", "host", "web-1", false, "host:web-1"],
    ["beside words", "timeout", "service", "shop", false, "timeout service:shop"],
    ["a value with spaces", "", "path", 'a "b"', false, 'path:"a \\"b\\""'],
    ["without it", "x", "host", "web-1", true, "x -host:web-1"],
    ["the opposite goes away", "x -host:web-1", "host", "web-1", false, "x host:web-1"],
    ["twice is once", "host:web-1", "host", "web-1", false, "host:web-1"],
    ["LogQL stays LogQL", '{a="b"} |= "c"', "user.id", "7", true, '{a="b"} |= "c" | user_id!="7"'],
  ])("%s", (_, search, name, value, negated, expected) => {
    expect(withField(search, name, value, negated)).toBe(expected);
  });
});

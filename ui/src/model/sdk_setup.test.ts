import { describe, expect, it } from "vitest";
import { setups, setupsLike } from "./sdk_setup.ts";

const DSN = "http://0123456789abcdef0123456789abcdef@hannun.example.kr/1";

describe("what to paste for a first error", () => {
  const all = setups(DSN);

  it.each(all.map((one) => [one.id, one] as const))("puts the DSN into %s once", (_, one) => {
    const text = one.steps.map((step) => step.text).join("\n");
    expect(text).toContain(DSN);
    expect(text.replaceAll(DSN, "").replaceAll("SENTRY_DSN", "")).not.toContain("DSN");
  });

  it.each([
    ["", all.length],
    ["장고", 1],
    ["NODE", 4],
    ["python celery", 1],
    ["cobol", 0],
  ])("finds %j", (typed, found) => {
    expect(setupsLike(all, typed)).toHaveLength(found);
  });
});

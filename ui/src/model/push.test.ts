import { expect, test } from "vitest";
import { type PushKind, pushLines } from "./push.ts";

test("what is pasted into prometheus.yml names this server", () => {
  expect(pushLines("remote_write", "https://ops.example/hannun", false).lines).toBe(
    "remote_write:\n  - url: https://ops.example/hannun/api/v1/write",
  );
});
test.each<PushKind>(["remote_write", "alloy", "grafana"])(
  "%s tells where the token goes once one is needed",
  (kind) => {
    expect(pushLines(kind, "http://h", false).lines).not.toContain("hnt_");
    expect(pushLines(kind, "http://h", true).lines).toContain("hnt_…");
  },
);

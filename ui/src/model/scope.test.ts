import { expect, test } from "vitest";
import { choices, hostOf } from "./scope.ts";

test.each([
  ["web-1:9100", "web-1"],
  ["web-1", "web-1"],
  ["[::1]:9100", "::1"],
  ["fe80::1", "fe80::1"],
  ["https://shop.example/health", "https://shop.example/health"],
])("the host of %s is %s", (instance, expected) => {
  expect(hostOf(instance)).toBe(expected);
});

test("hosts are offered once, without ports, in the order in which people count", () => {
  expect(choices("host", ["web-10:9100", "web-9:9100", "web-9:8080", ""])).toEqual(["web-9", "web-10"]);
});
test("a service is the name behind OpenTelemetry's namespace", () => {
  expect(choices("service", ["shop/checkout", "node"])).toEqual(["checkout", "node"]);
});

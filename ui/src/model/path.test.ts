import { describe, expect, test } from "vitest";
import { address, below, match, withChanges } from "./path.ts";

describe("a path is one page or none", () => {
  test.each([
    ["/", "/", {}],
    ["/hosts", "/hosts/", {}],
    ["/hosts/:host", "/hosts/db-1", { host: "db-1" }],
    ["/hosts/:host", "/hosts/%ED%95%9C%EA%B5%AD", { host: "한국" }],
    ["/hosts/:host", "/hosts/100%", { host: "100%" }],
    ["/hosts", "/hosts/db-1", null],
    ["/hosts/:host", "/hosts", null],
  ])("%s against %s", (pattern, path, expected) => {
    expect(match(pattern, path)).toEqual(expected);
  });
});

test.each([
  ["/", "/", "/"],
  ["/", "/hosts/", "/hosts"],
  ["/ops/hannun/", "/ops/hannun/hosts", "/hosts"],
  ["/ops/hannun/", "/ops/hannun", "/"],
  ["/ops/hannun", "/ops/hannun/", "/"],
])("under %s the path %s is %s", (base, pathname, expected) => {
  expect(below(base, pathname)).toBe(expected);
});

describe("an address", () => {
  const here = new URLSearchParams("from=now-6h&to=now&host=db-1&expr=up&refresh=");

  test("carries range and scope from page to page, and nothing else", () => {
    expect(address("/", here, "/hosts")).toBe("/hosts?from=now-6h&to=now&host=db-1");
  });
  test("takes its own parameters over the carried ones; null drops one", () => {
    expect(address("/", here, "/explore?tab=table", { expr: 'up{job="a"}', host: null })).toBe(
      "/explore?from=now-6h&to=now&tab=table&expr=up%7Bjob%3D%22a%22%7D",
    );
  });
  test("lies under the base", () => {
    expect(address("/ops/hannun/", new URLSearchParams(), "/hosts")).toBe("/ops/hannun/hosts");
    expect(address("/ops/hannun/", new URLSearchParams(), "/")).toBe("/ops/hannun/");
  });
});

test("changing parameters leaves the others alone", () => {
  expect(withChanges(new URLSearchParams("a=1&b=2"), { a: null, c: 3, d: "" }).toString()).toBe("b=2&c=3");
});

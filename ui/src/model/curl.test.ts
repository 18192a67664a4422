import { describe, expect, it } from "vitest";
import { curl } from "./curl.ts";
import { type Requested, request } from "./event.ts";

const NOTHING: Requested = { method: "GET", url: "", query: [], headers: [], cookies: [], env: [], body: null };

describe("a request as a command", () => {
  it("sends the same method, query, headers, cookies and body", () => {
    const asked = request({
      request: {
        method: "POST",
        url: "https://shop.example.kr/orders",
        query_string: "a=1&coupon=여름",
        headers: { Host: "shop.example.kr", "Content-Type": "application/json" },
        cookies: { sid: "abc" },
        data: { note: "it's" },
      },
    });
    expect(curl(asked!).split(" \\\n  ")).toEqual([
      "curl",
      "-X 'POST'",
      `--url 'https://shop.example.kr/orders?a=1&coupon=${encodeURIComponent("여름")}'`,
      "-H 'Content-Type: application/json'",
      "-b 'sid=abc'",
      String.raw`--data-raw '{"note":"it'\''s"}'`,
    ]);
  });

  it("writes a form as one", () => {
    const headers = [["content-type", "application/x-www-form-urlencoded"]] as const;
    expect(curl({ ...NOTHING, url: "http://x/", headers, body: { a: ["1", "2"], b: "c d" } })).toContain(
      "--data-raw 'a=1&a=2&b=c%20d'",
    );
  });

  it("lets nothing out of its quotes and makes no option of an address", () => {
    expect(curl({ ...NOTHING, url: "--config=/etc/passwd'; rm -rf /" })).toBe(
      "curl \\\n  --url '--config=/etc/passwd'\\''; rm -rf /'",
    );
    expect(curl(NOTHING)).toBe("");
  });
});

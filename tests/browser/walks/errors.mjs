/** Errors on a real server: sent as an SDK sends them, triaged without a mouse, read in both languages, on a phone, too. */
import assert from "node:assert/strict";
import { assertAccessible, assertFits, DESK, PHONE, typeIntoBox } from "../visitor.mjs";

const HOSTILE = "<img src=x onerror=alert(1)><script>document.title='owned'</script><b>굵게</b>";
const TRACE = "4bf92f3577b34da6a3ce929d0e0e4736";
const call = (name, inApp, more = {}) => ({
  module: `shop.${name}`, filename: `shop/${name}.py`, function: name, lineno: 41, in_app: inApp,
  pre_context: ["def f(order):"], context_line: `    return ${name}_next(order)`, post_context: [""], ...more,
});
const thrown = (type, value, frames = [call("checkout", true)]) => ({ type, value, stacktrace: { frames } });

const PAYMENT = {
  exception: {
    values: [
      thrown("PaymentDeclined", "카드가 거절되었습니다", [call("charge", true, { vars: { order: 1007, token: "[Filtered]" } })]),
      thrown("RuntimeError", "checkout failed", [call("checkout", true, { vars: { cart: "서울" } }), ...Array.from({ length: 40 }, (_, i) => call(`lib_${i}`, false))]),
    ],
  },
  breadcrumbs: { values: [
    { type: "http", category: "httplib", data: { url: "http://pg.internal/charge", method: "POST", status_code: 502 } },
    { category: "cart", message: "상품을 담았습니다", level: "warning" },
  ] },
  request: { method: "POST", url: "https://shop.example.kr/checkout", headers: { "Content-Type": "application/json" }, data: { order: 1007 } },
  contexts: { trace: { trace_id: TRACE, span_id: "00f067aa0ba902b7" } },
  tags: { plan: "gold" },
};
const EVIL = {
  exception: { values: [thrown(HOSTILE, HOSTILE, [call(HOSTILE, true, { context_line: HOSTILE, vars: { [HOSTILE]: HOSTILE } })])] },
  breadcrumbs: { values: [{ category: HOSTILE, message: HOSTILE, data: { [HOSTILE]: HOSTILE } }] },
  request: { url: `javascript:alert(1)//${HOSTILE}`, method: HOSTILE, headers: { [HOSTILE]: HOSTILE }, data: HOSTILE },
  user: { username: HOSTILE }, tags: { hostile: HOSTILE }, extra: { [HOSTILE]: HOSTILE }, contexts: { odd: { [HOSTILE]: HOSTILE } }, transaction: HOSTILE,
};
const DEEP = { exception: { values: [thrown("DeepError", "x".repeat(1_000_000), Array.from({ length: 500 }, (_, i) => call(`f${i}`, i % 10 === 0)))] } };

async function send(visitor, event) {
  const [{ id, dsn }] = await (await fetch(`${visitor.url}/api/hannun/v1/projects`)).json();
  const whole = { event_id: crypto.randomUUID().replaceAll("-", ""), timestamp: Date.now() / 1000, platform: "python", environment: "production", release: "shop@1.8.2", ...event };
  const payload = JSON.stringify(whole);
  const body = `{"event_id":"${whole.event_id}"}\n{"type":"event","length":${Buffer.byteLength(payload)}}\n${payload}\n`;
  const answer = await fetch(`${visitor.url}/api/${id}/envelope/`, { method: "POST", body, headers: { "X-Sentry-Auth": `Sentry sentry_version=7, sentry_client=walk/1, sentry_key=${new URL(dsn).username}` } });
  assert.equal(answer.status, 200, await answer.text());
  return whole.event_id;
}
const rows = (page) => page.locator("main ul[aria-label] > li");
const titles = (page) => page.locator("main ul[aria-label] > li .title a").allInnerTexts();

export async function the_setup_turns_into_the_first_error(visitor) {
  const page = await visitor.open("/errors", { lang: "ko" });
  await page.waitForSelector("main >> text=/FastAPI/");
  await page.fill("main input[type=search]", "장고");
  await page.waitForSelector("main >> text=settings.py");
  const [{ dsn }] = await (await fetch(`${visitor.url}/api/hannun/v1/projects`)).json();
  assert.ok((await page.innerText("main")).includes(dsn), "the DSN of this server is in it");
  await assertAccessible(page, visitor.ui);
  await send(visitor, PAYMENT);
  await page.waitForSelector("main >> text=RuntimeError", { timeout: 15_000 });
  await page.keyboard.press("e");
  await page.waitForSelector("main >> text=할 일이 없습니다");
  assert.equal(await page.locator("main >> text=FastAPI").count(), 0, "the setup is for those who never sent anything");
  await page.click("main button >> text=해결");
  await page.waitForSelector("main >> text=RuntimeError");
  await page.keyboard.press("u");
  await page.waitForSelector("main >> text=RuntimeError", { state: "detached" });
}

export async function issues_are_triaged_without_a_mouse(visitor) {
  for (const kind of ["KeyError", "ValueError", "TimeoutError"]) await send(visitor, { exception: { values: [thrown(kind, "실패", [call(kind.toLowerCase(), true)])] } });
  const page = await visitor.open("/errors");
  await page.waitForFunction(() => document.querySelectorAll("main ul[aria-label] > li").length === 4);
  await assertAccessible(page, visitor.ui);
  const [first, second, third] = await titles(page);
  await page.keyboard.press("j");
  await page.keyboard.press("Shift+J");
  assert.equal(await page.locator("main li input:checked").count(), 2, "shift takes the rows between");
  await page.keyboard.press("e");
  await page.waitForFunction(() => document.querySelectorAll("main ul[aria-label] > li").length === 2);
  const left = await titles(page);
  assert.ok(left.includes(first) && !left.includes(second) && !left.includes(third));
  await page.keyboard.press("k");
  await page.keyboard.press("k");
  await page.keyboard.press("m");
  await page.waitForFunction(() => document.querySelectorAll("main ul[aria-label] > li").length === 1);
  await page.keyboard.press("s");
  await page.waitForSelector("main [role=combobox]:focus");
  await page.keyboard.press("Control+a");
  await page.keyboard.type("is:res");
  await page.waitForSelector("[role=option] >> text=resolved");
  await page.keyboard.press("ArrowDown");
  await page.keyboard.press("Tab");
  await page.keyboard.press("Enter");
  await page.waitForFunction(() => document.querySelectorAll("main ul[aria-label] > li").length === 2);
  assert.equal(new URL(page.url()).searchParams.get("q"), "is:resolved");
  // What came from the search box is in the address: Escape out of it, and the keys are the list's again.
  await page.evaluate(() => document.activeElement.blur());
  await page.keyboard.press("x");
  await page.keyboard.press("u");
  await page.waitForFunction(() => document.querySelectorAll("main ul[aria-label] > li").length === 1);
}

export async function an_issue_shows_what_broke_and_what_came_before(visitor) {
  for (const [lang, view, theme, cause, trail, folded] of [["en", DESK, "light", "caused by", "What came before", /Show 39 library frames/], ["ko", PHONE, "dark", "원인", "", /39/]]) {
    const page = await visitor.open("/errors?q=RuntimeError", { lang, view, theme });
    await rows(page).first().waitFor();
    await assertFits(page);
    await page.click("main li .title a");
    await page.waitForSelector("main .line.is");
    const text = await page.innerText("main");
    for (const said of ["checkout failed", "PaymentDeclined", "카드가 거절되었습니다", cause, trail, "서울", "[Filtered]", "POST http://pg.internal/charge [502]", "상품을 담았습니다", "gold", "https://shop.example.kr/checkout"]) assert.ok(text.includes(said), `${said} in ${text}`);
    assert.match(text, folded);
    assert.match(await page.getAttribute(`main aside a[href*="${TRACE}"]`, "href"), /\/logs\?.*trace_id/);
    await assertFits(page);
    await assertAccessible(page, visitor.ui);
  }
}

export async function hostile_text_stays_text(visitor) {
  await send(visitor, EVIL);
  await send(visitor, DEEP);
  const page = await visitor.open("/errors", { view: PHONE });
  await page.locator("main li .title a", { hasText: "onerror" }).click();
  await page.waitForSelector("main .line.is >> text=onerror");
  await page.locator("main button", { hasText: "JSON" }).click();
  await page.locator("main button", { hasText: "Why grouped" }).click();
  await page.waitForSelector("main h3 >> text=app");
  assert.equal(await page.locator("main img, main script, main b").count(), 0);
  assert.equal(await page.locator('main a[href^="javascript"]').count(), 0);
  assert.notEqual(await page.title(), "owned");
  await assertFits(page);
  await page.goto(`${visitor.url}/errors?q=error.type:DeepError`);
  await page.click("main li .title a");
  await page.waitForSelector("main .line.is");
  assert.ok((await page.evaluate(() => document.body.scrollHeight)) < 6000, "500 frames and a megabyte are folded");
  await assertFits(page);
}

export async function events_are_listed_and_found_by_their_id(visitor) {
  const id = await send(visitor, { ...PAYMENT, tags: { plan: "silver" } });
  const page = await visitor.open("/errors?q=RuntimeError");
  await page.click("main li .title a");
  await page.click("main a >> text=All events");
  await page.waitForFunction(() => document.querySelectorAll("tbody tr").length === 2);
  await assertAccessible(page, visitor.ui);
  await page.click("tbody tr:first-child a");
  await page.waitForURL(new RegExp(id));
  await page.waitForSelector("main >> text=silver");
  await page.keyboard.press("j");
  await page.waitForSelector("main .tags >> text=gold");
  await typeIntoBox(page, id);
  await page.waitForSelector("[role=option] >> text=Event");
  await page.keyboard.press("ArrowDown");
  await page.keyboard.press("Enter");
  await page.waitForURL(new RegExp(`/errors/\\d+/${id}`));
}

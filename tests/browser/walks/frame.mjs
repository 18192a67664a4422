/** The frame: keys, ⌘K, time and scope in the address, language and theme. */
import assert from "node:assert/strict";
import { PHONE, settled, typeIntoBox } from "../visitor.mjs";

const parameter = (page, name) => new URL(page.url()).searchParams.get(name);

export async function keys_walk_from_page_to_page(visitor) {
  await visitor.scenario("calm");
  const page = await visitor.open("/");
  await settled(page);
  for (const [letter, path] of [["e", "/explore"], ["l", "/logs"], ["n", "/hosts"], ["j", "/targets"], ["t", "/status"], ["s", "/settings"], ["h", "/"]]) {
    await page.keyboard.press("g");
    await page.keyboard.press(letter);
    await page.waitForURL((url) => url.pathname === path);
    await settled(page);
  }
  await page.keyboard.press("?");
  await page.waitForSelector("dialog[open] >> text=Zoom out");
  await page.keyboard.press("Escape");
  await page.waitForSelector("dialog", { state: "detached" });
}

export async function the_range_stands_in_the_address_and_walks_along(visitor) {
  await visitor.scenario("calm");
  const page = await visitor.open("/");
  await settled(page);
  await page.click("[aria-label^='Time range:']");
  await page.click("text=last 6 h");
  assert.equal(parameter(page, "from"), "now-6h");
  await page.click("nav >> text=Status");
  await page.waitForURL(/\/status/);
  assert.equal(parameter(page, "from"), "now-6h");
  await page.keyboard.press("t");
  await page.keyboard.press("z");
  await page.waitForFunction(() => /^\d+$/.test(new URL(location.href).searchParams.get("from")));
  const [from, to] = [Number(parameter(page, "from")), Number(parameter(page, "to"))];
  assert.ok(Math.abs(to - from - 12 * 3_600_000) < 5000, "twice as wide");
  await page.keyboard.press("t");
  await page.keyboard.press("ArrowLeft");
  await page.waitForFunction((before) => Number(new URL(location.href).searchParams.get("from")) < before, from);
  await page.goBack();
  await page.goBack();
  assert.equal(parameter(page, "from"), "now-6h");
}

export async function a_range_is_typed_as_people_write_it(visitor) {
  await visitor.scenario("calm");
  const page = await visitor.open("/status");
  await settled(page);
  await page.keyboard.press("t");
  await page.keyboard.press("t");
  await page.fill("label:has-text('From') input", "2026-11-20 02:14");
  await page.fill("label:has-text('To') input", "nonsense");
  await page.waitForSelector("text=Write it like now-6h");
  assert.ok(await page.isDisabled("text=Apply"));
  await page.fill("label:has-text('To') input", "2026-11-20 03:00");
  await page.waitForSelector("text=2026-11-20 02:14:00 GMT+9");
  await page.click("text=Apply");
  assert.equal(parameter(page, "from"), String(Date.parse("2026-11-20T02:14:00+09:00")));
  // A fixed range does not follow the clock, and says so.
  await page.waitForSelector("text=paused");
}

export async function an_unreadable_range_in_a_link_shows_the_last_hour(visitor) {
  await visitor.scenario("calm");
  const page = await visitor.open("/status?from=rubbish&to=now");
  await page.waitForSelector("text=Running well");
}

export async function the_box_shows_what_it_understood_before_enter(visitor) {
  await visitor.scenario("trouble");
  const page = await visitor.open("/");
  await settled(page);
  const first = page.locator("[role=option][aria-selected=true]");
  await typeIntoBox(page, "db-1");
  await page.waitForFunction(() => document.querySelector("[aria-selected=true]")?.textContent.includes("db-1"));
  assert.match(await first.innerText(), /Host/);
  await page.keyboard.press("Control+a");
  await page.keyboard.type("node load");
  await page.waitForFunction(() => /^\s*Metric\s+node_load1/.test(document.querySelector("[aria-selected=true]")?.innerText ?? ""));
  await page.keyboard.press("Control+a");
  await page.keyboard.type("sum(rate(http_requests_total[5m]))");
  await page.waitForFunction(() => document.querySelector("[aria-selected=true]")?.textContent.includes("PromQL"));
  await page.keyboard.press("Enter");
  await page.waitForURL(/\/explore/);
  assert.equal(parameter(page, "expr"), "sum(rate(http_requests_total[5m]))");
}

export async function enter_belongs_to_the_input_method_while_a_syllable_is_composed(visitor) {
  await visitor.scenario("calm");
  const page = await visitor.open("/", { lang: "ko" });
  await settled(page);
  await page.keyboard.press("Control+k");
  await page.waitForSelector("[role=combobox]:focus");
  const client = await page.context().newCDPSession(page);
  await client.send("Input.imeSetComposition", { text: "상태", selectionStart: 2, selectionEnd: 2 });
  await page.waitForFunction(() => document.querySelector("[aria-selected=true]")?.textContent.includes("상태"));
  await page.evaluate(() => document.activeElement.dispatchEvent(new KeyboardEvent("keydown", { key: "Enter", isComposing: true, bubbles: true, cancelable: true })));
  assert.equal(new URL(page.url()).pathname, "/", "composing Enter must not walk away");
  await client.send("Input.insertText", { text: "상태" });
  await page.keyboard.press("Enter");
  await page.waitForURL(/\/status/);
}

export async function scope_is_chosen_once_and_kept(visitor) {
  await visitor.scenario("trouble");
  const page = await visitor.open("/");
  await settled(page);
  await page.click("[aria-label^='host:']");
  await page.click(".panel >> text=mairie");
  assert.equal(parameter(page, "host"), "mairie");
  await page.waitForSelector("text=No host is in the chosen scope.");
  await page.click("nav >> text=Status");
  assert.equal(parameter(page, "host"), "mairie");
  await page.click("header >> text=clear");
  assert.equal(parameter(page, "host"), null);
}

export async function language_and_theme_change_without_a_reload_and_are_remembered(visitor) {
  await visitor.scenario("calm");
  const page = await visitor.open("/", { lang: "en", theme: "light" });
  await page.waitForSelector("text=All is calm");
  await page.evaluate(() => (window.notReloaded = true));
  await page.click("[title='한국어로 보기']");
  await page.waitForSelector("text=모두 조용합니다");
  await page.click("[aria-label^='화면 밝기']");
  await page.click("[aria-label^='화면 밝기']");
  assert.equal(await page.getAttribute("html", "data-theme"), "dark");
  assert.ok(await page.evaluate(() => window.notReloaded));
  await page.reload();
  await page.waitForSelector("text=모두 조용합니다");
  assert.equal(await page.getAttribute("html", "data-theme"), "dark");
}

export async function on_a_phone_the_scope_is_one_chip_and_the_rail_lies_under_the_thumb(visitor) {
  await visitor.scenario("trouble");
  const page = await visitor.open("/", { view: PHONE });
  await settled(page);
  const rail = await page.locator("nav").boundingBox();
  assert.ok(rail.y > PHONE.height - 80, "the rail is at the bottom");
  await page.click("[aria-label^='Scope:']");
  await page.click(".panel summary:has-text('host')");
  await page.click(".panel >> text=mairie");
  assert.equal(parameter(page, "host"), "mairie");
}

export async function live_refresh_stops_when_it_is_told_to(visitor) {
  await visitor.scenario("calm");
  const page = await visitor.open("/status?refresh=1s");
  await settled(page);
  let asked = 0;
  page.on("request", (request) => {
    if (request.url().endsWith("/api/hannun/v1/status")) asked += 1;
  });
  for (let waits = 0; asked < 2 && waits < 100; waits += 1) await page.waitForTimeout(100);
  assert.ok(asked >= 2, `asked ${asked} times`);
  await page.click("[title='Pause live refresh']");
  const before = asked;
  await page.waitForTimeout(2200);
  assert.ok(asked - before <= 1, "still asking");
}

export async function what_is_typed_into_the_omnibox_leads_to_logs(visitor) {
  await visitor.scenario("calm");
  const trace = "4bf92f3577b34da6a3ce929d0e0e4736";
  for (const [lang, typed, kind, q] of [
    ["en", "card declined", "Logs", "card declined"],
    ["ko", "결제 실패", "로그", "결제 실패"],
    ["en", '{app="shop"} |= "x"', "LogQL", '{app="shop"} |= "x"'],
    ["ko", trace.toUpperCase(), "트레이스", `trace_id:${trace}`],
  ]) {
    const page = await visitor.open("/", { lang });
    await settled(page);
    await typeIntoBox(page, typed);
    await page.waitForSelector(`dialog [role=option][aria-selected=true] .kind >> text=${kind}`);
    await page.keyboard.press("Enter");
    await page.waitForURL((url) => url.pathname === "/logs" && url.searchParams.get("q") === q);
    await settled(page);
  }
}

export async function on_a_phone_every_page_is_reached(visitor) {
  await visitor.scenario("calm");
  const page = await visitor.open("/", { lang: "ko", view: PHONE });
  await settled(page);
  await page.click("nav >> text=설정");
  await page.click("nav.elsewhere >> text=상태");
  await page.waitForURL(/\/status/);
  await settled(page);
}

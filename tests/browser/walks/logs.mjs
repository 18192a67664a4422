/** The log page: found, narrowed, opened, followed; fifty thousand lines that never janks. */
import assert from "node:assert/strict";
import { assertAccessible, assertFits, DESK, PHONE } from "../visitor.mjs";

const parameter = (page, name) => new URL(page.url()).searchParams.get(name);
const drawn = (page) => page.waitForSelector("[role=feed] article");

export async function the_newest_lines_stand_under_their_histogram(visitor) {
  await visitor.scenario("calm");
  for (const [lang, total] of [["en", /lines/], ["ko", /줄/]]) {
    for (const view of [DESK, PHONE]) {
      const page = await visitor.open("/logs", { lang, view });
      await drawn(page);
      assert.match(await page.innerText("figcaption"), total);
      await assertFits(page);
      await assertAccessible(page, visitor.ui);
    }
  }
}

export async function in_the_dark_it_reads_as_well(visitor) {
  await visitor.scenario("calm");
  const page = await visitor.open("/logs?wrap=1", { theme: "dark", lang: "ko" });
  await drawn(page);
  await assertAccessible(page, visitor.ui);
}

export async function words_are_found_and_marked(visitor) {
  await visitor.scenario("calm");
  const page = await visitor.open("/logs");
  await drawn(page);
  await page.keyboard.press("s");
  await page.keyboard.type("결제 실패");
  await page.keyboard.press("Enter");
  await page.waitForFunction(() => document.querySelectorAll("mark").length > 0);
  assert.equal(parameter(page, "q"), "결제 실패");
  assert.deepEqual([...new Set(await page.locator("mark").allInnerTexts())].sort(), ["결제", "실패"]);
  await page.goBack();
  await page.waitForFunction(() => document.querySelectorAll("mark").length === 0);
}

export async function a_line_opens_in_place_and_narrows_the_search(visitor) {
  await visitor.scenario("calm");
  const page = await visitor.open("/logs?q=결제");
  await drawn(page);
  await page.locator("article .row").nth(2).click();
  await page.waitForSelector("article dt >> text=order_id");
  await assertAccessible(page, visitor.ui);
  await page.hover("article dl div:has(dt:text-is('user')) + div");
  await page.locator("article dl div:has(dt:text-is('plan')) button[aria-label*='only']").click();
  await page.waitForURL(/q=/);
  assert.match(parameter(page, "q"), /user_plan:\w+/);
}

export async function keys_walk_the_lines(visitor) {
  await visitor.scenario("calm");
  const page = await visitor.open("/logs");
  await drawn(page);
  await page.locator("[role=feed]").focus();
  for (let i = 0; i < 3; i++) await page.keyboard.press("j");
  await page.keyboard.press("Enter");
  await page.waitForSelector("article.open.here");
  await page.keyboard.press("Escape");
  await page.waitForFunction(() => !document.querySelector("article.open"));
}

export async function before_and_after_is_one_click_away(visitor) {
  await visitor.scenario("calm");
  const page = await visitor.open("/logs");
  await drawn(page);
  await page.locator("article .row").nth(1).click();
  await page.click("article button >> text=Before and after");
  await page.waitForSelector("dialog[open] li[aria-current=true]");
  assert.ok((await page.locator("dialog li").count()) > 20);
  await assertAccessible(page, visitor.ui);
  await page.keyboard.press("Escape");
  await page.waitForFunction(() => !document.querySelector("dialog[open]"));
}

export async function a_window_drawn_on_the_bars_becomes_the_range(visitor) {
  await visitor.scenario("calm");
  const page = await visitor.open("/logs");
  await drawn(page);
  const box = await page.locator("figure .plot").boundingBox();
  await page.mouse.move(box.x + box.width * 0.5, box.y + 30);
  await page.mouse.down();
  await page.mouse.move(box.x + box.width * 0.7, box.y + 30, { steps: 4 });
  await page.mouse.up();
  await page.waitForURL(/from=\d+&to=\d+/);
  const minutes = (Number(parameter(page, "to")) - Number(parameter(page, "from"))) / 60_000;
  assert.ok(minutes > 8 && minutes < 16, `${minutes} minutes of an hour`);
}

export async function fields_narrow_and_become_columns(visitor) {
  await visitor.scenario("calm");
  const page = await visitor.open("/logs");
  await drawn(page);
  await page.click("aside summary >> text=host");
  await page.click("aside button[aria-label='host: only edge-1']");
  await page.waitForURL(/q=host/);
  await page.click("aside summary >> text=service_name");
  await page.locator("aside details:has(summary:has-text('service_name')) button.column").click();
  await page.waitForURL(/columns=service_name/);
  await page.waitForSelector("article .column");
}

export async function patterns_say_what_is_new(visitor) {
  await visitor.scenario("calm");
  for (const [lang, word] of [["en", "New"], ["ko", "처음 나옴"]]) {
    for (const view of [DESK, PHONE]) {
      const page = await visitor.open("/logs?view=patterns", { lang, view });
      await page.waitForSelector(`td.new >> text=${word}`);
      await assertFits(page);
      await assertAccessible(page, visitor.ui);
    }
  }
}

export async function nothing_yet_shows_the_lines_that_would_fill_it(visitor) {
  await visitor.scenario("empty");
  for (const [lang, word] of [["en", "There are no logs"], ["ko", "로그가 없습니다"]]) {
    const page = await visitor.open("/logs", { lang });
    await page.waitForSelector(`main >> text=${word}`);
    await page.waitForSelector("main >> text=loki/api/v1/push");
    await assertAccessible(page, visitor.ui);
  }
}

export async function a_refusal_stands_where_the_lines_would(visitor) {
  visitor.expect(/503/);
  await visitor.scenario("down");
  const page = await visitor.open("/logs");
  await page.waitForSelector("main [role=alert] >> text=The store is full");
}

export async function fifty_thousand_lines_scroll_without_a_jank(visitor) {
  await visitor.scenario("calm");
  const page = await visitor.open("/logs");
  await drawn(page);
  const feed = page.locator("[role=feed]");
  for (let i = 0; i < 60; i++) {
    await feed.evaluate((list) => (list.scrollTop = list.scrollHeight));
    await page.waitForTimeout(30);
    if (/50,000/.test(await page.innerText("[role=status]"))) break;
  }
  await page.waitForFunction(() => /50,000/.test(document.querySelector("p[role=status]").innerText));
  assert.ok((await page.locator("article").count()) < 120, "only what is on screen is drawn");
  const slow = await feed.evaluate(async (list) => {
    let worst = 0;
    for (let i = 0; i < 60; i++) {
      const before = performance.now();
      list.scrollTop = (list.scrollHeight * ((i * 37) % 60)) / 60;
      await new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)));
      worst = Math.max(worst, performance.now() - before);
    }
    return worst;
  });
  // Two frames are 33 ms on an idle machine; a list that draws all its rows takes seconds.
  assert.ok(slow < 400, `a jump took ${Math.round(slow)} ms`);
}

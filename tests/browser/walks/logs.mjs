/** The log page: found, narrowed, opened, followed; fifty thousand lines that never janks. */
import assert from "node:assert/strict";
import { assertAccessible, assertFits, DESK, PHONE, typeSearch } from "../visitor.mjs";

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
  await typeSearch(page, "결제 실패");
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
  // Lines come by the page, and each takes as long as it takes.
  await page.waitForFunction(() => {
    const list = document.querySelector("[role=feed]");
    list.scrollTop = list.scrollHeight;
    return /50,000/.test(document.querySelector("p[role=status]").innerText);
  }, undefined, { polling: 30, timeout: 40_000 });
  assert.ok((await page.locator("article").count()) < 120, "only what is on screen is drawn");
  const jump = await feed.evaluate(async (list) => {
    const took = [];
    for (let i = 0; i < 60; i++) {
      const before = performance.now();
      list.scrollTop = (list.scrollHeight * ((i * 37) % 60)) / 60;
      await new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)));
      took.push(performance.now() - before);
    }
    return took.sort((a, b) => a - b)[30];
  });
  // Two frames are 33 ms on an idle machine; a list that draws all its rows takes seconds. The median of the jumps: the
  // longest of them says what else the machine had to do.
  assert.ok(jump < 400, `a jump took ${Math.round(jump)} ms`);
}

const NUMBERS = 'sum by (detected_level)(count_over_time({service_name=~".+"} |= "x" [1m]))';

export async function a_question_for_numbers_is_drawn(visitor) {
  await visitor.scenario("calm");
  for (const [lang, view, behind] of [["en", DESK, "Show the lines"], ["ko", PHONE, "이 로그 보기"]]) {
    const page = await visitor.open(`/logs?q=${encodeURIComponent(NUMBERS)}`, { lang, view });
    await page.waitForSelector("main .chart canvas");
    await page.waitForSelector("main table >> text=error");
    assert.equal(await page.locator("figure").count(), 0, "no bars of lines above a graph of numbers");
    await assertFits(page);
    await assertAccessible(page, visitor.ui);
    await page.click(`main a >> text=${behind}`);
    await page.waitForURL((url) => url.searchParams.get("q") === '{service_name=~".+"} |= "x"');
    await drawn(page);
  }
}

export async function names_and_values_are_completed_by_keyboard(visitor) {
  await visitor.scenario("calm");
  for (const lang of ["en", "ko"]) {
    const page = await visitor.open("/logs", { lang });
    await drawn(page);
    const box = page.locator("main input[type=search]");
    await box.focus();
    await page.keyboard.type("mess");
    await page.waitForSelector("[role=option] >> text=message:");
    await page.keyboard.press("Tab");
    assert.equal(await box.inputValue(), "message:");
    await page.waitForSelector("[role=option] >> text=결제 실패");
    await assertAccessible(page, visitor.ui);
    await page.keyboard.press("ArrowDown");
    await page.keyboard.press("ArrowDown");
    const chosen = await page.innerText("[role=option][aria-selected=true] .mono");
    await page.keyboard.press("Enter");
    assert.equal(await box.inputValue(), `message:"${chosen}" `, "Enter takes what was chosen and does not ask yet");
    assert.equal(parameter(page, "q"), null);
    await page.keyboard.press("Enter");
    await page.waitForURL((url) => url.searchParams.get("q") === `message:"${chosen}"`);
  }
}

export async function a_syllable_being_composed_is_left_to_the_input_method(visitor) {
  await visitor.scenario("calm");
  const page = await visitor.open("/logs", { lang: "ko" });
  await drawn(page);
  await page.locator("main input[type=search]").focus();
  const keys = await page.context().newCDPSession(page);
  await page.keyboard.type("message:");
  await keys.send("Input.imeSetComposition", { text: "겨", selectionStart: 1, selectionEnd: 1 });
  await page.waitForSelector("[role=option] >> text=결제 완료");
  // Enter of the input method ends the syllable; it neither asks nor takes an offer.
  await page.locator("main input[type=search]").dispatchEvent("keydown", { key: "Enter", isComposing: true, keyCode: 229 });
  assert.equal(parameter(page, "q"), null);
  await keys.send("Input.insertText", { text: "결" });
  await page.keyboard.press("Tab");
  assert.match(await page.locator("main input[type=search]").inputValue(), /^message:"결제 /);
}

export async function searches_made_before_are_offered_while_the_box_is_empty(visitor) {
  await visitor.scenario("calm");
  for (const [lang, title, clear] of [["en", "Recent searches", "Clear"], ["ko", "최근 검색", "지우기"]]) {
    const page = await visitor.open("/logs", { lang });
    await drawn(page);
    const box = page.locator("main input[type=search]");
    for (const q of ["level:error", "결제 실패"]) {
      await box.fill(q);
      await page.keyboard.press("Enter");
      await page.waitForURL((url) => url.searchParams.get("q") === q);
    }
    await box.fill("");
    await page.waitForSelector(`main >> text=${title}`);
    assert.deepEqual(await page.locator("main [role=option]").allInnerTexts(), ["결제 실패", "level:error"]);
    await assertAccessible(page, visitor.ui);
    await page.keyboard.press("ArrowUp");
    await page.keyboard.press("Enter");
    await page.waitForURL((url) => url.searchParams.get("q") === "level:error");
    await page.reload();
    await drawn(page);
    await box.fill("");
    await page.click(`main button >> text=${clear}`);
    await page.waitForFunction(() => document.querySelectorAll("main [role=option]").length === 0);
  }
}

export async function patterns_are_sorted_and_narrowed_and_open_their_lines(visitor) {
  await visitor.scenario("trouble");
  for (const [lang, most, warning] of [["en", "Lines", "warning"], ["ko", "줄 수", "경고"]]) {
    const page = await visitor.open("/logs?view=patterns", { lang });
    await page.waitForSelector("tbody .strip.critical");
    await page.click(`thead button >> text=${most}`);
    await page.waitForSelector("tbody tr:first-child .strip.info");
    await page.click(`.only button >> text=${warning}`);
    await page.waitForFunction(() => document.querySelectorAll("tbody tr").length === 1);
    await page.click("tbody .pattern button");
    await page.waitForURL(/q=/);
    assert.equal(parameter(page, "view"), null);
  }
}

export async function security_events_lead_to_their_lines(visitor) {
  await visitor.scenario("trouble");
  for (const [lang, kind] of [["en", "Failed logins"], ["ko", "로그인 실패"]]) {
    const page = await visitor.open("/logs?view=patterns", { lang });
    await page.click(`section a >> text=${kind}`);
    await page.waitForURL((url) => url.searchParams.get("q") === "security:failed_login");
  }
  await visitor.scenario("calm");
  const page = await visitor.open("/logs?view=patterns");
  await page.waitForSelector("tbody tr");
  assert.equal(await page.locator("text=Failed logins").count(), 0, "quiet while there are none");
}

export async function a_line_leads_to_its_trace_its_host_and_its_metrics(visitor) {
  await visitor.scenario("calm");
  const page = await visitor.open("/logs?q=결제");
  await drawn(page);
  await page.locator("article .row").first().click();
  const links = await page.locator("article .acts a").evaluateAll((all) => all.map((a) => new URL(a.href)));
  assert.match(links.find((url) => url.pathname === "/logs").searchParams.get("q"), /^trace_id:[0-9a-f]{32}$/);
  assert.equal(links.find((url) => url.pathname === "/explore").searchParams.get("expr"), '{job="payments"}');
  assert.ok(links.some((url) => url.pathname.startsWith("/hosts/")));
}

export async function the_first_page_says_what_changed_in_the_logs(visitor) {
  for (const [lang, title] of [["en", "What changed in the logs"], ["ko", "로그에서 달라진 것"]]) {
    await visitor.scenario("trouble");
    const page = await visitor.open("/", { lang, view: PHONE });
    await page.waitForSelector(`main >> text=${title}`);
    await page.click("main a >> text=card declined");
    await page.waitForURL(/\/logs\?/);
    await visitor.scenario("empty");
    const quiet = await visitor.open("/", { lang });
    await quiet.waitForSelector("main h1");
    assert.equal(await quiet.locator(`text=${title}`).count(), 0);
  }
}

export async function a_host_and_a_window_on_a_graph_lead_to_their_lines(visitor) {
  await visitor.scenario("calm");
  for (const [lang, host, inWindow] of [["en", "Logs of this host", "Logs in this window"], ["ko", "이 서버의 로그", "이 구간의 로그"]]) {
    const page = await visitor.open("/hosts/mairie", { lang });
    assert.match(await page.getAttribute(`main a >> text=${host}`, "href"), /\/logs\?q=host%3Amairie/);
    await page.waitForSelector(".u-over");
    const box = await page.locator(".u-over").first().boundingBox();
    await page.mouse.move(box.x + box.width / 4, box.y + 40);
    await page.mouse.down();
    await page.mouse.move(box.x + box.width / 2, box.y + 40, { steps: 4 });
    await page.mouse.up();
    await page.click(`main a >> text=${inWindow}`);
    await page.waitForURL((url) => url.pathname === "/logs" && url.searchParams.get("q") === "host:mairie" && /^\d+$/.test(url.searchParams.get("from")));
  }
}

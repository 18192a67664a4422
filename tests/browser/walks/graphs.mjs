/** Graphs, metrics and hosts: what hands, keys and a finger can do with them. */
import assert from "node:assert/strict";
import { assertAccessible, assertFits, PHONE, settled } from "../visitor.mjs";

const RATE = `/explore?expr=${encodeURIComponent("rate(node_cpu_seconds_total[5m])")}`;
const parameter = (page, name) => new URL(page.url()).searchParams.get(name);
const drawn = (page) => page.waitForSelector(".plot canvas");

async function open(visitor, path, options) {
  await visitor.scenario("calm");
  const page = await visitor.open(path, options);
  await settled(page);
  return page;
}

export async function a_name_leads_to_its_question(visitor) {
  const page = await open(visitor, "/explore");
  await page.fill("input[type=search]", "cpu");
  await page.waitForFunction(() => document.querySelectorAll("a.tile").length === 3);
  await page.click("a.tile[href*=node_cpu]");
  await drawn(page);
  assert.equal(parameter(page, "expr"), "rate(node_cpu_seconds_total[5m])");
}

export async function tiles_on_screen_are_asked_in_one_request(visitor) {
  await visitor.scenario("calm");
  const page = await visitor.open("/status");
  await settled(page);
  const asked = [];
  page.on("request", (request) => {
    if (request.url().endsWith("/panels")) asked.push(JSON.parse(request.postData()).queries.length);
  });
  await page.click("nav >> text=Metrics");
  await page.waitForFunction(() => document.querySelectorAll("a.tile canvas").length > 8);
  assert.equal(asked.length, 1, `requests of ${asked} questions`);
}

export async function a_label_splits_the_query_in_sight(visitor) {
  const page = await open(visitor, RATE);
  await page.click("role=button[name='mode']");
  await page.waitForFunction(() => new URL(location.href).searchParams.get("expr").startsWith("sum by (mode)"));
  await page.goBack();
  await page.waitForFunction(() => new URL(location.href).searchParams.get("expr").startsWith("rate("));
}

export async function enter_runs_and_an_unfinished_syllable_does_not(visitor) {
  const page = await open(visitor, "/explore?expr=up");
  const editor = page.locator(".cm-content");
  await editor.click();
  await page.keyboard.press("End");
  const keys = await page.context().newCDPSession(page);
  await keys.send("Input.imeSetComposition", { text: "가", selectionStart: 1, selectionEnd: 1 });
  await keys.send("Input.dispatchKeyEvent", { type: "keyDown", key: "Process", code: "Enter", windowsVirtualKeyCode: 229 });
  assert.equal(parameter(page, "expr"), "up");
  await keys.send("Input.imeSetComposition", { text: "", selectionStart: 0, selectionEnd: 0 });
  await page.keyboard.press("Control+a");
  await page.keyboard.type("node_load1 ");
  await page.keyboard.press("Escape");
  await page.keyboard.press("Enter");
  await page.waitForFunction(() => new URL(location.href).searchParams.get("expr") === "node_load1");
}

export async function a_fault_is_said_where_the_answer_would_be(visitor) {
  const page = await open(visitor, `/explore?expr=${encodeURIComponent("sum(up")}`);
  await page.waitForSelector("[role=tabpanel] >> text=unclosed left parenthesis");
  await page.waitForSelector(".cm-lintRange-error");
}

export async function nothing_found_names_the_nearest(visitor) {
  const page = await open(visitor, "/explore?expr=node_memory_available");
  await page.click("text=node_memory_MemAvailable_bytes");
  await drawn(page);
  assert.equal(parameter(page, "expr"), "node_memory_MemAvailable_bytes");
}

export async function every_state_of_the_metrics_page_is_in_its_address(visitor) {
  const page = await open(visitor, RATE);
  await page.click("role=tab[name='Table']");
  await page.waitForSelector("td >> text=iowait");
  assert.equal(parameter(page, "tab"), "table");
  await page.click("role=tab[name='Graph']");
  await page.click("role=button[name='Stacked']");
  await page.selectOption("select", "300");
  assert.equal(parameter(page, "stack"), "1");
  assert.equal(parameter(page, "step"), "5m");
}

export async function a_brush_sets_the_range_and_a_double_click_widens_it(visitor) {
  const page = await open(visitor, "/hosts/mairie");
  await drawn(page);
  const box = await page.locator(".u-over").first().boundingBox();
  await page.mouse.move(box.x + box.width / 4, box.y + 40);
  await page.mouse.down();
  await page.mouse.move(box.x + box.width / 2, box.y + 40, { steps: 4 });
  await page.mouse.up();
  await page.waitForFunction(() => new URL(location.href).searchParams.has("from"));
  const width = () => Number(parameter(page, "to")) - Number(parameter(page, "from"));
  const brushed = width();
  assert.ok(Math.abs(brushed - 900_000) < 60_000, `a quarter of an hour, not ${brushed} ms`);
  await settled(page);
  await page.locator(".plot").first().dblclick({ position: { x: 300, y: 60 } });
  await page.waitForFunction((before) => Number(new URL(location.href).searchParams.get("to")) - Number(new URL(location.href).searchParams.get("from")) > before * 1.9, brushed);
}

export async function one_crosshair_stands_in_all_graphs(visitor) {
  const page = await open(visitor, "/hosts/mairie");
  await drawn(page);
  await page.locator(".u-over").nth(1).hover({ position: { x: 120, y: 40 } });
  await page.waitForSelector(".tip");
  assert.equal(await page.locator(".tip").count(), 1, "only the graph under the pointer speaks");
  const shown = await page.locator(".u-cursor-x").evaluateAll((lines) => lines.filter((line) => !line.style.transform.includes("-10px")).length);
  assert.ok(shown > 5, `${shown} crosshairs`);
}

export async function keys_read_a_graph_and_show_it_as_a_table(visitor) {
  const page = await open(visitor, "/hosts/mairie");
  await drawn(page);
  const chart = page.locator("[aria-roledescription]").first();
  await chart.focus();
  await page.keyboard.press("ArrowLeft");
  await page.waitForFunction(() => /user \d/.test(document.querySelector("[aria-roledescription] [aria-live]").textContent));
  await page.keyboard.press("v");
  await page.waitForSelector("th[scope=row]");
  await page.keyboard.press("Escape");
  await page.waitForSelector("th[scope=row]", { state: "detached" });
}

export async function a_click_in_the_legend_shows_one_series_alone(visitor) {
  const page = await open(visitor, RATE);
  await drawn(page);
  const names = page.locator("td.name button");
  await names.first().click();
  assert.equal(await page.locator("td.name button[aria-pressed=true]").count(), 1);
  await names.first().click();
  assert.equal(await page.locator("td.name button[aria-pressed=false]").count(), 0);
  await names.nth(1).click({ modifiers: ["Control"] });
  assert.equal(await page.locator("td.name button[aria-pressed=false]").count(), 1);
}

export async function a_host_is_one_request(visitor) {
  await visitor.scenario("calm");
  const page = await visitor.open("/hosts");
  await settled(page);
  const asked = [];
  page.on("request", (request) => {
    if (request.url().endsWith("/panels")) asked.push(request.url());
  });
  await page.click("main >> text=mairie");
  await drawn(page);
  assert.equal(asked.length, 1);
  await page.waitForSelector("text=/full in about 9 h/");
}

export async function graphs_fit_a_phone_and_a_finger_reads_them(visitor) {
  for (const path of ["/hosts", "/hosts/mairie", "/explore", RATE, `${RATE}&tab=table`]) {
    const page = await open(visitor, path, { view: PHONE, lang: "ko", theme: "dark" });
    await assertFits(page);
  }
  const page = await open(visitor, "/hosts/mairie", { view: PHONE });
  await drawn(page);
  await page.locator(".plot").first().scrollIntoViewIfNeeded();
  const box = await page.locator(".u-over").first().boundingBox();
  const finger = await page.context().newCDPSession(page);
  await finger.send("Input.dispatchTouchEvent", { type: "touchStart", touchPoints: [{ x: box.x + 100, y: box.y + 50 }] });
  await page.waitForSelector(".tip");
  await finger.send("Input.dispatchTouchEvent", { type: "touchEnd", touchPoints: [] });
}

export async function they_can_be_used_by_everybody(visitor) {
  for (const path of ["/explore", RATE, `${RATE}&tab=table`, "/hosts/mairie"]) {
    const page = await open(visitor, path);
    await page.waitForSelector("canvas, td");
    await assertAccessible(page, visitor.ui);
  }
}

/** What is scraped, why something is not, what it costs, and what to ask of it. */
import assert from "node:assert/strict";
import { assertAccessible, assertFits, DESK, PHONE, settled } from "../visitor.mjs";

const parameter = (page, name) => new URL(page.url()).searchParams.get(name);

export async function a_target_that_is_down_says_why_and_what_to_do(visitor) {
  await visitor.scenario("trouble");
  for (const [lang, advice] of [["en", "Is the service running"], ["ko", "서비스가 떠 있는지"]]) {
    const page = await visitor.open("/targets", { lang });
    await page.waitForSelector("main >> text=connection refused");
    await page.waitForSelector(`main >> text=${advice}`);
    const jobs = await page.locator("main h2").allInnerTexts();
    assert.match(jobs[0], /^backend-api/, "the failing job stands first");
    await assertAccessible(page, visitor.ui);
  }
}

export async function failing_targets_can_be_looked_at_alone(visitor) {
  await visitor.scenario("trouble");
  const page = await visitor.open("/targets");
  await page.click("text=Only those that do not answer");
  await page.waitForFunction(() => document.querySelectorAll("main h2").length === 1);
  assert.equal(parameter(page, "down"), "1");
  await page.goto(`${visitor.url}/targets`);
  await page.fill("input[type=search]", "db-1");
  await page.waitForFunction(() => document.querySelectorAll("main section > ul > li").length === 1);
  await page.fill("input[type=search]", "nobody");
  await page.waitForSelector('main >> text=No target matches "nobody"');
}

export async function relabeling_is_shown_before_and_after(visitor) {
  await visitor.scenario("calm");
  for (const view of [DESK, PHONE]) {
    const page = await visitor.open("/targets", { view });
    await page.click("main li button >> text=https://example.com/health");
    await page.waitForSelector("main >> text=Rule 3");
    await page.waitForSelector("main del >> text=https://example.com/health");
    await page.waitForSelector("main ins >> text=blackbox-exporter:9115");
    await assertFits(page);
    await assertAccessible(page, visitor.ui);
  }
}

export async function a_stand_in_says_that_it_answers(visitor) {
  await visitor.scenario("calm");
  const page = await visitor.open("/targets", { lang: "ko" });
  await page.waitForSelector("main >> text=내장 node_exporter 응답");
}

export async function what_costs_series_is_found_and_its_rule_copied(visitor) {
  await visitor.scenario("calm");
  const page = await visitor.open("/cardinality");
  await page.context().grantPermissions(["clipboard-read", "clipboard-write"]);
  await page.waitForSelector("main h1 >> text=10,112 series");
  await page.waitForSelector("main >> text=9,076 more than a day ago");
  await page.click("main td >> text=http_request_duration_seconds_bucket");
  await page.waitForSelector("main h2 >> text=Values of path");
  assert.equal(parameter(page, "metric"), "http_request_duration_seconds_bucket");
  await page.goBack();
  await page.waitForSelector("main h2 >> text=Metrics by series");
  await page.locator("main tbody tr").first().locator("button").click();
  await page.waitForSelector("main tbody >> text=Copied");
  assert.match(await page.evaluate(() => navigator.clipboard.readText()), /action: drop/);
  await assertAccessible(page, visitor.ui);
}

export async function a_name_is_answered_with_questions_that_fit_its_type(visitor) {
  await visitor.scenario("calm");
  const page = await visitor.open("/explore?expr=http_requests_total");
  await page.click("main button >> text=per second");
  await page.waitForFunction(() => new URL(location.href).searchParams.get("expr") === "sum(rate(http_requests_total[5m]))");
  await page.goto(`${visitor.url}/explore?expr=http_request_duration_seconds_bucket`);
  await page.click("main button >> text=p50, p95, p99");
  await page.waitForFunction(() => new URL(location.href).searchParams.has("expr_c"));
}

export async function buckets_are_a_heatmap(visitor) {
  await visitor.scenario("calm");
  for (const view of [DESK, PHONE]) {
    const page = await visitor.open("/explore?expr=http_request_duration_seconds_bucket", { view });
    await page.click("main button >> text=heatmap");
    const picture = page.locator("main [role=img] canvas");
    await picture.waitFor();
    const box = await picture.boundingBox();
    await page.mouse.move(box.x + box.width / 2, box.y + box.height / 3);
    await page.waitForSelector("main figcaption strong");
    await assertFits(page);
    await page.click("main button >> text=Heatmap");
    await page.waitForSelector("main .u-over", { state: "attached" });
    assert.equal(parameter(page, "lines"), "1");
  }
}

export async function names_are_browsed_by_label(visitor) {
  await visitor.scenario("calm");
  const page = await visitor.open("/explore");
  await settled(page);
  await page.selectOption("#by-label", "job");
  await page.selectOption("select[aria-label='value of job']", "node");
  await page.waitForFunction(() => new URL(location.href).searchParams.get("value") === "node");
  await page.click("main a >> text=/load1/");
  await page.waitForFunction(() => new URL(location.href).searchParams.get("expr")?.includes('job="node"'));
}

export async function a_name_that_nobody_exposes_is_said_with_its_neighbours(visitor) {
  await visitor.scenario("calm");
  const page = await visitor.open("/explore?expr=http_request_total");
  await page.click("main button >> text=http_requests_total");
  await page.waitForFunction(() => new URL(location.href).searchParams.get("expr") === "http_requests_total");
}

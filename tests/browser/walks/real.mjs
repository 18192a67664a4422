/** A real Hannun on this machine: the person's own machine is on the page, and every page works on its answers. */
import assert from "node:assert/strict";
import { assertFits, DESK, PHONE, settled, typeIntoBox, typeSearch } from "../visitor.mjs";

const OWN_PAGES = ["/", "/explore", "/logs", "/hosts", "/targets", "/cardinality", "/status", "/settings", "/settings/push", "/settings/projects"];

export async function this_machine_is_on_the_page_within_five_seconds(visitor) {
  const { server } = await (await fetch(`${visitor.url}/api/hannun/v1/session`)).json();
  const page = await visitor.open("/", { lang: "ko" });
  await page.waitForSelector(`main >> text=${server.hostname}`, { timeout: 5000 });
  await page.waitForSelector("main >> text=/CPU/");
}

export async function every_page_stands_on_real_answers(visitor) {
  for (const [lang, view] of [["ko", PHONE], ["en", DESK]]) {
    const page = await visitor.open("/", { lang, view });
    for (const path of OWN_PAGES) {
      await page.goto(visitor.url + path);
      await settled(page);
      assert.equal(await page.locator("main [role=alert]").count(), 0, `${path} failed: ${await page.innerText("main")}`);
      await assertFits(page);
    }
  }
}

export async function an_unknown_path_is_a_real_404(visitor) {
  assert.equal((await fetch(`${visitor.url}/no-such-page`)).status, 404);
  assert.equal((await fetch(`${visitor.url}/status`)).status, 200);
}

export async function a_question_is_typed_and_drawn(visitor) {
  const page = await visitor.open("/", { lang: "en" });
  await settled(page);
  await typeIntoBox(page, "node_load1");
  await page.waitForFunction(() => /^\s*Metric\s+node_load1/.test(document.querySelector("[aria-selected=true]")?.innerText ?? ""));
  await page.keyboard.press("Enter");
  await page.waitForURL(/\/explore\?.*expr=node_load1/);
  await page.waitForSelector("main canvas");
}

const push = (visitor, service, text) =>
  fetch(`${visitor.url}/api/hannun/v1/logs?service=${service}`, { method: "POST", body: text });

export async function a_line_that_was_sent_is_found_opened_and_drawn(visitor) {
  await push(visitor, "shop", '{"level":"error","message":"결제 실패","order":"ord_1"}\n{"level":"info","message":"결제 완료"}');
  const page = await visitor.open("/logs?service=shop", { lang: "ko" });
  await page.waitForSelector("article");
  await typeSearch(page, "결제 level:error");
  await page.keyboard.press("Enter");
  await page.waitForFunction(() => document.querySelectorAll("article").length === 1);
  await page.click("article .row");
  await page.waitForSelector("article dd >> text=ord_1");
  await page.click("article button >> text=앞뒤 로그");
  await page.waitForSelector("dialog li >> text=결제 완료");
  await page.keyboard.press("Escape");
  await page.goto(`${visitor.url}/logs?q=${encodeURIComponent('sum by (detected_level) (count_over_time({service_name="shop"}[1m]))')}`);
  await page.waitForSelector("main .chart canvas");
  await page.waitForSelector("main table >> text=error");
}

export async function lines_are_followed_as_they_come(visitor) {
  const page = await visitor.open("/logs?live=1&service=live", { lang: "en" });
  await page.waitForSelector("button:has(.dot.on)");
  const began = Date.now();
  await push(visitor, "live", "the line that somebody waits for");
  await page.waitForSelector("article >> text=somebody waits for", { timeout: 5000 });
  assert.ok(Date.now() - began < 3000, `${Date.now() - began} ms`);
}

/** Stands last: from here on the server wants a name. */
export async function the_first_user_closes_the_server_and_comes_in(visitor) {
  visitor.expect(/401/);
  const page = await visitor.open("/settings/users", { lang: "ko" });
  await page.waitForSelector("text=아직 사용자가 없습니다.");
  await page.fill("form input[autocomplete=off]", "mina");
  await page.fill("form input[type=password]", "a long enough password");
  await page.selectOption("form select", "admin");
  await page.click("form button[type=submit]");
  await page.waitForSelector("input[autocomplete=current-password]");
  await page.fill("input[autocomplete=username]", "mina");
  await page.fill("input[type=password]", "a long enough password");
  await page.keyboard.press("Enter");
  await page.waitForSelector("td >> text=mina");

  await page.goto(`${visitor.url}/settings/tokens`);
  await page.fill("main input", "prometheus@web-1");
  await page.click("form button[type=submit]");
  const token = await page.innerText(".made pre");
  assert.match(token, /^hnt_/);
  // A token that may only push reads nothing.
  const read = await fetch(`${visitor.url}/api/v1/labels`, { headers: { Authorization: `Bearer ${token}` } });
  assert.ok([401, 403].includes(read.status), `a push token read: ${read.status}`);

  await page.goto(`${visitor.url}/settings`);
  await page.selectOption("select", "America/New_York");
  await page.waitForSelector("text=/GMT-[45]|EDT|EST/");
  await page.reload();
  await page.waitForSelector("text=/GMT-[45]|EDT|EST/");
  await page.click("text=로그아웃");
  await page.waitForSelector("input[autocomplete=username]");
}

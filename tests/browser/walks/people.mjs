/** Who may come in, and what they are shown. */
import assert from "node:assert/strict";
import { settled } from "../visitor.mjs";

export async function a_closed_server_asks_for_a_name_and_leads_on_to_where_one_wanted(visitor) {
  await visitor.scenario("closed");
  visitor.expect(/401/);
  const page = await visitor.open("/settings/tokens?from=now-6h", { lang: "ko" });
  await page.fill("input[autocomplete=username]", "mina");
  await page.fill("input[type=password]", "wrong");
  await page.click("text=들어가기");
  await page.waitForSelector("[role=alert] >> text=이름이나 비밀번호가 맞지 않습니다");
  await page.fill("input[type=password]", "hannun");
  await page.keyboard.press("Enter");
  await page.waitForSelector("text=토큰 만들기");
  assert.equal(new URL(page.url()).search, "?from=now-6h");
  await page.click("text=로그아웃");
  await page.waitForSelector("input[autocomplete=username]");
}

export async function a_viewer_sees_no_way_to_change_anything(visitor) {
  await visitor.scenario("viewer");
  const page = await visitor.open("/settings");
  await settled(page);
  assert.equal(await page.locator("nav >> text=Tokens").count(), 0);
  assert.equal(await page.locator("nav >> text=Users").count(), 0);
  await page.goto(`${visitor.url}/settings/users`);
  await page.waitForSelector("text=Only an admin can see this.");
  assert.equal(await page.locator("main form").count(), 0);
}

export async function a_token_is_shown_once_and_removed_after_a_second_thought(visitor) {
  await visitor.scenario("calm");
  const page = await visitor.open("/settings/tokens");
  await settled(page);
  await page.fill("main input", "prometheus@new");
  await page.selectOption("main select", "push");
  await page.click("main >> text=Make >> nth=-1");
  await page.waitForSelector("pre >> text=/^hnt_/");
  await page.context().grantPermissions(["clipboard-read", "clipboard-write"]);
  await page.click(".made >> text=Copy");
  assert.match(await page.evaluate(() => navigator.clipboard.readText()), /^hnt_/);
  await page.reload();
  await page.waitForSelector("td >> text=prometheus@new");
  assert.equal(await page.locator("pre").count(), 0, "the key is not shown again");
  const row = page.locator("tr", { hasText: "prometheus@new" });
  await row.locator("text=Remove").click();
  await row.locator("text=Cancel").click();
  await row.locator("text=Remove").click();
  await row.locator("button:has-text('Remove')").click();
  await page.waitForSelector("td >> text=prometheus@new", { state: "detached" });
}

export async function a_second_user_of_one_name_is_refused_in_the_servers_words(visitor) {
  await visitor.scenario("calm");
  visitor.expect(/409/);
  const page = await visitor.open("/settings/users");
  await settled(page);
  await page.fill("form input[autocomplete=off]", "joon");
  await page.fill("form input[type=password]", "long enough");
  await page.click("form >> text=Add");
  await page.waitForSelector("[role=alert] >> text=exists already");
}

export async function the_password_is_changed_by_who_knows_the_old_one(visitor) {
  await visitor.scenario("closed");
  visitor.expect(/40[01]/);
  const page = await visitor.open("/settings");
  await page.fill("input[autocomplete=username]", "joon");
  await page.fill("input[type=password]", "hannun");
  await page.click("button >> text=/Log in|들어가기/");
  await page.waitForSelector("input[autocomplete=new-password]");
  await page.fill("input[autocomplete=current-password]", "wrong");
  await page.fill("input[autocomplete=new-password]", "a longer one");
  await page.click("form button[type=submit]");
  await page.waitForSelector("[role=alert]");
  await page.fill("input[autocomplete=current-password]", "hannun");
  await page.click("form button[type=submit]");
  await page.waitForSelector("[role=status] >> text=/Changed|바꿨습니다/");
}

/** What happens while a person watches: data arrives, trouble comes, the server goes away and returns. */
import assert from "node:assert/strict";
import { settled } from "../visitor.mjs";

export async function waiting_turns_into_the_data_within_five_seconds(visitor) {
  await visitor.scenario("empty");
  const page = await visitor.open("/", { lang: "ko" });
  await page.waitForSelector("text=아직 들어온 데이터가 없습니다");
  assert.match(await page.innerText("pre"), new RegExp(`${visitor.url}/api/v1/write`));
  await visitor.scenario("calm");
  await page.waitForSelector("text=모두 조용합니다", { timeout: 5000 });
  await page.waitForSelector("main >> text=mairie");
}

export async function trouble_reaches_the_sentence_the_rail_the_title_and_the_favicon(visitor) {
  await visitor.scenario("calm");
  const page = await visitor.open("/");
  await page.waitForSelector("text=All is calm");
  assert.match(await page.getAttribute("link[rel=icon]", "href"), /favicon\.svg$/);
  await visitor.scenario("trouble");
  await page.waitForSelector("text=2 things need you, 1 of them now", { timeout: 8000 });
  assert.match(await page.title(), /^\(2\) /);
  assert.match(await page.getAttribute("link[rel=icon]", "href"), /favicon-critical\.svg$/);
  await page.click("main a >> text=db-1: disk full in about 9 h");
  await page.waitForURL(/\/hosts\/db-1/);
}

export async function the_last_good_data_stays_while_the_server_is_away(visitor) {
  const mock = await visitor.startMock();
  visitor.expect(/ERR_CONNECTION_REFUSED|Failed to load resource/);
  const page = await visitor.open("/", { url: mock.url });
  await page.waitForSelector("text=All is calm");
  mock.stop();
  await page.waitForSelector("text=The server cannot be reached.", { timeout: 9000 });
  await page.waitForSelector("main >> text=mairie");
  await visitor.startMock("/", new URL(mock.url).port);
  await page.click("text=Try again");
  await page.waitForSelector("text=The server cannot be reached.", { state: "detached" });
}

export async function deep_links_work_under_a_proxys_sub_path(visitor) {
  const mock = await visitor.startMock("/ops/hannun/");
  const page = await visitor.open("/settings/push?from=now-6h", { url: mock.url });
  await settled(page);
  assert.match(await page.innerText("pre >> nth=0"), /\/ops\/hannun\/api\/v1\/write/);
  await page.click("nav >> text=Hosts");
  await page.waitForURL((url) => url.pathname === "/ops/hannun/hosts" && url.searchParams.get("from") === "now-6h");
  await page.goBack();
  await page.waitForURL(/\/ops\/hannun\/settings\/push/);
}

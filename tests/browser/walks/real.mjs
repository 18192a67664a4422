/** A real Hannun on this machine: the person's own machine is on the page, and every page works on its answers. */
import assert from "node:assert/strict";
import { assertFits, DESK, PHONE, settled } from "../visitor.mjs";

const OWN_PAGES = ["/", "/explore", "/hosts", "/status", "/settings", "/settings/push", "/settings/projects"];

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

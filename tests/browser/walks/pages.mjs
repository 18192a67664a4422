/** Every page stands, in both languages and themes, on a desk and on a phone, and says only what its language says. */
import assert from "node:assert/strict";
import { assertAccessible, assertFits, DESK, PAGES, PHONE, settled } from "../visitor.mjs";

// Names that are Korean on purpose, also in English: the first page's, and the button that leads to Korean.
const KOREAN_NAMES = /한눈|한국어|한/g;

/** What the page itself says: the lines of a log are in whatever language somebody's program speaks. */
function ownWords(page) {
  return page.evaluate(() => {
    const words = [];
    const walk = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
    while (walk.nextNode()) {
      const element = walk.currentNode.parentElement;
      if (element.checkVisibility() && !element.closest("[translate=no], script, style")) words.push(walk.currentNode.data);
    }
    return words.join(" ");
  });
}

async function walkThrough(visitor, { lang, theme, view }) {
  const page = await visitor.open("/", { lang, theme, view });
  for (const path of PAGES) {
    await page.goto(visitor.url + path);
    await settled(page);
    assert.equal(await page.getAttribute("html", "lang"), lang);
    assert.equal(await page.getAttribute("html", "data-theme"), theme);
    assert.match(await page.title(), / · Hannun$/);
    await assertFits(page);
    const text = await ownWords(page);
    if (lang === "en") assert.doesNotMatch(text.replace(KOREAN_NAMES, ""), /[가-힣]/, `Korean on the English ${path}`);
    else assert.match(await page.innerText("main"), /[가-힣]/, `no Korean on the Korean ${path}`);
  }
}

export async function english_light_on_a_desk(visitor) {
  await visitor.scenario("calm");
  await walkThrough(visitor, { lang: "en", theme: "light", view: DESK });
}

export async function korean_dark_on_a_phone(visitor) {
  await visitor.scenario("calm");
  await walkThrough(visitor, { lang: "ko", theme: "dark", view: PHONE });
}

export async function korean_light_on_a_desk_in_trouble(visitor) {
  await visitor.scenario("trouble");
  await walkThrough(visitor, { lang: "ko", theme: "light", view: DESK });
}

export async function english_dark_on_a_phone_in_trouble(visitor) {
  await visitor.scenario("trouble");
  await walkThrough(visitor, { lang: "en", theme: "dark", view: PHONE });
}

export async function nothing_there_yet_is_said_in_words(visitor) {
  await visitor.scenario("empty");
  await walkThrough(visitor, { lang: "en", theme: "light", view: PHONE });
}

export async function a_server_that_refuses_is_quoted_where_its_data_would_have_been(visitor) {
  await visitor.scenario("down");
  visitor.expect(/503/);
  const page = await visitor.open("/status", { lang: "en" });
  await page.waitForSelector("text=writing stops at 1 GiB");
  await page.waitForSelector("text=Free space or lower retention");
  await visitor.scenario("calm");
  await page.click("text=Try again");
  await page.waitForSelector("text=Running well");
}

export async function every_page_can_be_used_without_seeing_it(visitor) {
  await visitor.scenario("trouble");
  for (const theme of ["light", "dark"]) {
    const page = await visitor.open("/", { lang: "en", theme });
    for (const path of PAGES) {
      await page.goto(visitor.url + path);
      await settled(page);
      await assertAccessible(page, visitor.ui);
    }
  }
}

export async function a_path_without_a_page_says_so(visitor) {
  await visitor.scenario("calm");
  const page = await visitor.open("/hosts/a/b/c", { lang: "en" });
  await page.waitForSelector("text=There is no page at /hosts/a/b/c.");
  await page.click("text=Go to the first page");
  await page.waitForSelector("text=All is calm");
}

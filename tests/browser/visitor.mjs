/** One person with a browser: opens pages as they would, and hears every complaint of the console. */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";

export const DESK = { width: 1440, height: 900 };
export const PHONE = { width: 360, height: 760 };

/** Every page, as a person would reach it. */
export const PAGES = ["/", "/explore", "/logs", "/hosts", "/hosts/mairie", "/targets", "/cardinality", "/status", "/settings", "/settings/push", "/settings/tokens", "/settings/users", "/settings/projects", "/settings/keyboard"];

export class Visitor {
  #contexts = [];
  #complaints = [];
  #expected = [];

  constructor(browser, url, { startMock, root, ui }) {
    this.browser = browser;
    this.url = url;
    this.startMock = startMock;
    this.root = root;
    this.ui = ui;
  }

  /** Tells the mock server how things are: calm, trouble, empty, closed, viewer, down. */
  async scenario(name, url = this.url) {
    await fetch(`${url}/mock/scenario`, { method: "POST", body: name });
  }

  /** A new person (own cookies and storage) who opens `path`. */
  async open(path, { lang = "en", theme = "light", view = DESK, url = this.url } = {}) {
    const context = await this.browser.newContext({
      viewport: view, colorScheme: theme, locale: lang === "ko" ? "ko-KR" : "en-GB", timezoneId: "Asia/Seoul",
      hasTouch: view.width < 700, reducedMotion: "reduce",
    });
    this.#contexts.push(context);
    const page = await context.newPage();
    page.setDefaultTimeout(10_000);
    page.on("console", (message) => {
      if (message.type() === "error" || message.type() === "warning") this.#complain(`${page.url()}: ${message.text()} ${message.location().url}`);
    });
    page.on("pageerror", (error) => this.#complain(`${page.url()}: ${error.stack}`));
    await page.goto(url + path);
    return page;
  }

  /** What was on screen when a walk failed, for whoever reads why. */
  async seen() {
    const page = this.#contexts.at(-1)?.pages().at(-1);
    if (!page) return "no page was open";
    const text = await page.innerText("body", { timeout: 1000 }).catch(() => "(nothing)");
    return `${page.url()} showed:\n${text.slice(0, 1500)}\nthe console said:\n${this.#complaints.join("\n")}`;
  }

  /** A complaint that the walk itself provokes (a refused login, a server that is away). */
  expect(pattern) {
    this.#expected.push(pattern);
  }

  #complain(what) {
    this.#complaints.push(what);
  }

  assertQuiet() {
    const unexpected = this.#complaints.filter((what) => !this.#expected.some((pattern) => pattern.test(what)));
    assert.deepEqual(unexpected, [], "the console complained");
  }

  async leave() {
    for (const context of this.#contexts) await context.close();
  }
}

/** Waits until the page has drawn what it asked for. */
export async function settled(page) {
  await page.waitForSelector("main h1, main [role=alert], main .page", { state: "attached" });
  await page.waitForFunction(() => !document.querySelector("[role=progressbar].busy"));
  await page.waitForFunction(() => document.querySelector("main")?.innerText.trim().length > 0);
}

/** Opens the box of ⌘K and types into it, once it listens. */
export async function typeIntoBox(page, text) {
  await page.keyboard.press("Control+k");
  await page.waitForSelector("[role=combobox]:focus");
  await page.keyboard.type(text);
}

/** Types a search of the log page, as `s` begins it. */
export async function typeSearch(page, text) {
  await page.keyboard.press("s");
  await page.waitForSelector("main input[type=search]:focus");
  await page.keyboard.type(text);
}

/** The page is not wider than the screen. */
export async function assertFits(page) {
  const wide = await page.evaluate(() => {
    if (document.documentElement.scrollWidth <= innerWidth) return [];
    const scrolls = (element) => element && (["auto", "scroll", "hidden", "clip"].includes(getComputedStyle(element).overflowX) || scrolls(element.parentElement));
    return [...document.querySelectorAll("body *")]
      .filter((element) => element.getBoundingClientRect().right > innerWidth + 1 && !scrolls(element.parentElement))
      .map((element) => `${element.tagName}.${element.className}: ${element.textContent.slice(0, 40)}`);
  });
  assert.deepEqual(wide, [], `${page.url()} is wider than the screen`);
}

/** WCAG 2.1 A and AA, as axe-core sees them. */
export async function assertAccessible(page, ui) {
  const axe = readFileSync(createRequire(join(ui, "package.json")).resolve("axe-core/axe.min.js"), "utf8");
  // Evaluated by the debugger, so the page's CSP stays as it is.
  await page.evaluate(axe);
  const found = await page.evaluate(async () => {
    const { violations } = await globalThis.axe.run(document, { runOnly: ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa"] });
    return violations.map((one) => `${one.id}: ${one.help}: ${one.nodes.slice(0, 3).map((node) => node.html.slice(0, 160)).join(" | ")}`);
  });
  assert.deepEqual(found, [], `${page.url()} is hard to use`);
}

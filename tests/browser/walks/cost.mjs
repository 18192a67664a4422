/** What the page costs: bytes before anything is drawn, and the time until something is. */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { settled } from "../visitor.mjs";

const ENTRY_MAX_KB = 60;
const FIRST_PAINT_MAX_MS = 500;

export async function the_entry_is_small(visitor) {
  const html = readFileSync(join(visitor.root, "index.html"), "utf8");
  const scripts = [...html.matchAll(/(?:src|href)="\.\/(assets\/[^"]+\.js)"/g)].map((match) => match[1]);
  assert.ok(scripts.length > 0, "index.html names its scripts");
  const bytes = scripts.reduce((sum, name) => sum + gzipSync(readFileSync(join(visitor.root, name)), { level: 9 }).length, 0);
  assert.ok(bytes <= ENTRY_MAX_KB * 1000, `the entry is ${(bytes / 1000).toFixed(1)} kB gz, at most ${ENTRY_MAX_KB}`);
}

export async function nothing_is_asked_of_anyone_else(visitor) {
  await visitor.scenario("calm");
  const page = await visitor.open("/");
  const others = [];
  page.on("request", (request) => {
    if (!request.url().startsWith(visitor.url)) others.push(request.url());
  });
  await page.reload();
  await settled(page);
  assert.deepEqual(others, []);
}

export async function the_first_paint_is_there_at_once(visitor) {
  await visitor.scenario("calm");
  const paints = [];
  // The best of some cold caches: the machine has other work, the page does not get slower by it.
  while (paints.length < 12 && !paints.some((ms) => ms <= FIRST_PAINT_MAX_MS)) {
    const page = await visitor.open("/");
    await settled(page);
    paints.push(await page.evaluate(() => performance.getEntriesByName("first-contentful-paint")[0]?.startTime ?? Number.POSITIVE_INFINITY));
  }
  const best = Math.min(...paints);
  assert.ok(best <= FIRST_PAINT_MAX_MS, `first paint after ${paints.map(Math.round).join(", ")} ms, at most ${FIRST_PAINT_MAX_MS}`);
}

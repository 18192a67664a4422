/** Walks one file of claims in one Chromium and prints what became of each, one JSON line per claim.
 *
 *   node walk.mjs WALK CHROMIUM STATIC [URL]
 *
 * Without URL the walk gets the mock server over the built page in STATIC.
 */
import { spawn } from "node:child_process";
import { createRequire } from "node:module";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { Visitor } from "./visitor.mjs";

const UI = fileURLToPath(new URL("../../ui/", import.meta.url));
const { chromium } = createRequire(join(UI, "package.json"))("playwright-core");
const CLAIM_TIMEOUT_MS = 60_000;
const FLAGS = [
  "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
  "--disable-component-update", "--disable-sync",
];

const [walk, executablePath, root, given] = process.argv.slice(2);
const mocks = [];
// Also when the walk is ended from outside: no server may be left behind.
process.on("exit", () => {
  for (const mock of mocks) mock.kill();
});

/** The mock server over the built page; the address it listens on. */
function startMock(base = "/", port = "0") {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [join(UI, "dev/mock.mjs"), "--static", root, "--port", port, "--base", base], { stdio: ["ignore", "pipe", "inherit"] });
    mocks.push(child);
    child.once("exit", (code) => reject(new Error(`the mock server left with ${code}`)));
    createInterface({ input: child.stdout }).once("line", (line) => resolve({ url: line.trim().replace(/\/$/, ""), stop: () => child.kill() }));
  });
}

/** The claims as they stand in the file: a module's own list of exports is sorted by name. */
function inOrder(name) {
  const text = readFileSync(new URL(`./walks/${name}.mjs`, import.meta.url), "utf8");
  return [...text.matchAll(/^export async function (\w+)/gm)].map((match) => match[1]);
}

const profile = mkdtempSync(join(tmpdir(), "hannun-browser-"));
const browser = await chromium.launch({ executablePath, args: FLAGS, env: { ...process.env, HOME: profile } });
let failed = false;
try {
  const url = given ?? (await startMock()).url;
  const claims = await import(`./walks/${walk}.mjs`);
  for (const claim of inOrder(walk)) {
    const run = claims[claim];
    const visitor = new Visitor(browser, url, { startMock, root, ui: UI });
    let why = "";
    try {
      const late = new Promise((_, reject) => setTimeout(() => reject(new Error(`not done within ${CLAIM_TIMEOUT_MS / 1000} s`)), CLAIM_TIMEOUT_MS).unref());
      await Promise.race([run(visitor), late]);
      visitor.assertQuiet();
    } catch (error) {
      why = `${error instanceof Error ? (error.stack ?? error.message) : String(error)}\n${await visitor.seen()}`;
      failed = true;
    } finally {
      await visitor.leave();
    }
    console.log(JSON.stringify({ claim, ok: why === "", why }));
  }
} finally {
  await browser.close();
  rmSync(profile, { recursive: true, force: true });
}
process.exit(failed ? 1 : 0);

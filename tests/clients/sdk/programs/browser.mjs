// Opens a page of its own origin with @sentry/browser in it, presses its button, and leaves when the error was taken.
import { createServer } from "node:http";
import { fileURLToPath } from "node:url";
import { chromium } from "../../../../ui/node_modules/playwright-core/index.mjs";
import { rolldown } from "../../../../ui/node_modules/rolldown/dist/index.mjs";

const [, , dsn, release, tunnel] = process.argv;
const bundle = await rolldown({ input: fileURLToPath(new URL("./browser.js", import.meta.url)), logLevel: "silent" });
const { output } = await bundle.generate({ format: "iife", minify: true });
const setup = JSON.stringify({ dsn, release, ...(tunnel ? { tunnel } : {}) });
const page_ = `<!doctype html><title>shop</title><button>pay</button><script>window.SETUP = ${setup}</script><script src="/app.js"></script>`;

const site = createServer((request, response) => {
  const script = request.url === "/app.js";
  response.setHeader("Content-Type", script ? "text/javascript" : "text/html");
  response.end(script ? output[0].code : page_);
});
await new Promise((ready) => site.listen(0, "127.0.0.1", ready));
const browser = await chromium.launch({ executablePath: process.env.CHROMIUM, args: ["--no-sandbox", "--disable-gpu", "--disable-background-networking"] });
try {
  const page = await browser.newPage();
  const said = [];
  page.on("console", (message) => message.type() === "error" && said.push(message.text()));
  const taken = page.waitForResponse((answer) => /envelope|tunnel/.test(answer.url()) && answer.request().postData()?.includes("cart is empty"), { timeout: 30_000 });
  await page.goto(`http://127.0.0.1:${site.address().port}/`);
  await page.click("button");
  const answer = await taken;
  if (answer.status() !== 200) throw new Error(`${answer.status()}: ${await answer.text()}`);
  const blocked = said.filter((one) => one.includes("CORS"));
  if (blocked.length) throw new Error(blocked.join("\n"));
} finally {
  await browser.close();
  site.close();
}

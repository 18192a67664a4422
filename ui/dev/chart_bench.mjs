/** Measures the chart in headless Chromium: `node dev/chart_bench.mjs`. Budgets: 50 × 2,000 points draw ≤ 120 ms and refresh
 * ≤ 50 ms, 30 charts redraw ≤ 300 ms. Exits 1 over budget, so that CI can hold them. */
import { chromium } from "playwright-core";
import { createServer } from "vite";

const BUDGETS = { "50 x 2000": { draw: 120, refresh: 50 }, "30 charts x 10 x 720": { redraw: 300 } };

const server = await createServer({
  configFile: new URL("../vite.config.ts", import.meta.url).pathname,
  root: new URL("..", import.meta.url).pathname,
  server: { port: 0, host: "127.0.0.1" },
  logLevel: "error",
});
await server.listen();
const browser = await chromium.launch({
  executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium",
  args: ["--no-sandbox", "--disable-gpu", "--disable-background-networking"],
});
let over = false;
try {
  const page = await browser.newPage({ viewport: { width: 1440, height: 900 } });
  page.on("pageerror", (error) => console.error(error));
  await page.goto(`http://127.0.0.1:${server.httpServer.address().port}/dev/chart_bench.html`);
  await page.waitForFunction(() => "bench" in window);
  for (const [name, times] of Object.entries(await page.evaluate(() => window.bench()))) {
    for (const [what, ms] of Object.entries(times)) {
      const budget = BUDGETS[name]?.[what];
      over ||= budget !== undefined && ms > budget;
      console.log(
        `${name.padEnd(24)} ${what.padEnd(8)} ${ms.toFixed(1).padStart(7)} ms${budget ? `  (budget ${budget})` : ""}`,
      );
    }
  }
} finally {
  await browser.close();
  await server.close();
}
process.exit(over ? 1 : 0);

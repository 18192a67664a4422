// Opens the first page with an empty profile seven times; prints the median first contentful paint in ms.
import { chromium } from "../ui/node_modules/playwright-core/index.mjs";
const url = process.argv[2];
const median = (numbers) => [...numbers].sort((a, b) => a - b)[Math.floor(numbers.length / 2)];
const browser = await chromium.launch({
  executablePath: "/usr/bin/chromium",
  args: ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync"],
});
const fcp = [];
const host = [];
for (let run = 0; run < 7; run++) {
  const context = await browser.newContext({ viewport: { width: 1440, height: 900 } });
  const page = await context.newPage();
  await page.goto(url, { waitUntil: "load" });
  const painted = await page.evaluate(() => new Promise((done) => {
    // First paint and first contentful paint may be told one after the other.
    new PerformanceObserver((list, observer) => {
      const [found] = list.getEntriesByName("first-contentful-paint");
      if (!found) return;
      observer.disconnect();
      done(found.startTime);
    }).observe({ type: "paint", buffered: true });
  }));
  fcp.push(painted);
  await page.waitForSelector("main a[href*=\"hosts/\"]", { timeout: 20000 });
  host.push(await page.evaluate(() => performance.now()));
  await context.close();
}
await browser.close();
console.log(JSON.stringify({ fcp: median(fcp), host: median(host) }));

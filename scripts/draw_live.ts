/**
 * Draws docs/live.png, docs/live_dark.png and docs/live_phone.png: the live page over the demo on Node with its own
 * load, after a minute of it and with a stall. Needs `chromium`.
 *
 *     tsx scripts/draw_live.ts [seconds of load]
 *
 * @module
 */

import process from "node:process";
import { setTimeout as delay } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { type BrowserContextOptions, chromium, type Page } from "playwright-core";
import sharp from "sharp";
import { chromiumArguments, chromiumPath } from "../tests/support/chromium.ts";
import { startDemo } from "../tests/support/server.ts";
import { makeLoad } from "../examples/demo/load.ts";

const loadSeconds = Number(process.argv[2] ?? 75);

const pictures: Readonly<Record<string, BrowserContextOptions>> = {
  live: { viewport: { width: 1440, height: 900 } },
  live_dark: { viewport: { width: 1440, height: 900 }, colorScheme: "dark" },
  live_phone: { viewport: { width: 390, height: 844 }, deviceScaleFactor: 2, isMobile: true },
};

const demo = await startDemo("node");
const browser = await chromium.launch({ executablePath: chromiumPath, args: chromiumArguments });
try {
  makeLoad(demo.url);
  // A browser that starts takes the CPU away from what it is to show, so it starts early.
  const pages: [string, Page][] = [];
  for (const [name, options] of Object.entries(pictures)) {
    const page = await (await browser.newContext(options)).newPage();
    await page.goto(`${demo.url}/live`);
    await page.locator("#stalls tbody tr").first().waitFor();
    await page.getByRole("button", { name: "1 min", exact: true }).click();
    pages.push([name, page]);
  }
  await delay(loadSeconds * 1000);
  await (await fetch(`${demo.url}/report?ms=1800`)).text();
  await delay(3500);
  for (const [name, page] of pages) {
    const drawn = await page.screenshot();
    // A page of few colours needs a palette of few.
    const file = fileURLToPath(new URL(`../docs/${name}.png`, import.meta.url));
    await sharp(drawn).png({ palette: true, dither: 0, effort: 10, compressionLevel: 9 }).toFile(file);
    console.log(file);
  }
} finally {
  await browser.close();
  await demo.stop();
}
process.exit(0);

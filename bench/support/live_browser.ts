/**
 * How soon a browser shows the live page of the demo, by the page's own clock.
 *
 * @module
 */

import { existsSync } from "node:fs";
import { type Browser, chromium, type Page } from "playwright-core";
import { chromiumArguments, chromiumPath } from "../../tests/support/chromium.ts";
import { startDemo } from "../../tests/support/server.ts";

/** How often each is measured, each time by a browser window that knows nothing. */
const times = 7;

/** What was measured. */
export interface BrowserTimes {
  /** From the document's last byte to the first paint, in seconds, median. */
  readonly paintSeconds: number;
  readonly sentence: string;
}

/** Looks at the demo on Node; undefined where there is no browser. */
export async function measureInBrowser(): Promise<BrowserTimes | undefined> {
  if (!existsSync(chromiumPath)) return undefined;
  const demo = await startDemo("node");
  const browser = await chromium.launch({ executablePath: chromiumPath, args: chromiumArguments });
  try {
    await (await fetch(`${demo.url}/users/7`)).text();
    const [paints, loads, stalls]: [number[], number[], number[]] = [[], [], []];
    for (let i = 0; i < times; i++) {
      await inPage(browser, demo.url, async (page) => {
        const { paint, load } = await loadTimes(page);
        paints.push(paint);
        loads.push(load);
        stalls.push(await stallTime(page));
      });
    }
    const ms = (values: number[]): string => {
      const sorted = values.sort((a, b) => a - b);
      return `${sorted[times >> 1]!.toFixed(0)} ms (${sorted[0]!.toFixed(0)} to ${sorted.at(-1)!.toFixed(0)})`;
    };
    return {
      sentence:
        `Chromium ${browser.version()} over the demo on Node, ${times} times in a new window, median and range: first ` +
        `paint ${ms(paints)} after the answer; all panels with their numbers ${
          ms(loads)
        } after the address was entered; heatmap, ` +
        `finding and culprit of \`/block?ms=400\` ${ms(stalls)} after its answer.`,
      paintSeconds: paints.sort((a, b) => a - b)[times >> 1]! / 1000,
    };
  } finally {
    await browser.close();
    await demo.stop();
  }
}

async function inPage(browser: Browser, url: string, use: (page: Page) => Promise<void>): Promise<void> {
  const context = await browser.newContext({ viewport: { width: 1440, height: 900 } });
  try {
    const page = await context.newPage();
    // What turns TypeScript into JavaScript may name functions by a helper of its own.
    await page.addInitScript({ content: "globalThis.__name = (made) => made;" });
    await page.addInitScript(() => {
      // When the page first said that it is live, by its own clock.
      new MutationObserver((_, observer) => {
        if (document.querySelector(".state")?.textContent !== "live") return;
        observer.disconnect();
        requestAnimationFrame(() => Object.assign(globalThis, { liveAt: performance.now() }));
      }).observe(document, { subtree: true, childList: true, characterData: true });
    });
    await page.goto(`${url}/live`);
    await use(page);
  } finally {
    await context.close();
  }
}

async function loadTimes(page: Page): Promise<{ paint: number; load: number }> {
  await page.waitForFunction(() => "liveAt" in globalThis && performance.getEntriesByName("first-paint").length > 0);
  return await page.evaluate(() => {
    const [navigation] = performance.getEntriesByType("navigation") as PerformanceNavigationTiming[];
    const paint = performance.getEntriesByName("first-paint")[0]!.startTime - navigation!.responseEnd;
    return { paint, load: (globalThis as unknown as { liveAt: number }).liveAt };
  });
}

/** Holds the loop, and waits until heatmap, finding and list tell of it, with its function. */
async function stallTime(page: Page): Promise<number> {
  return await page.evaluate(async () => {
    const blocked = (): number => Number(document.querySelector<HTMLElement>("#heat")!.dataset["blockedSeconds"]);
    const finding = (): string => document.querySelector("#findings .critical span")?.textContent ?? "";
    const newest = (): string => document.querySelector<HTMLElement>("#stalls tbody tr")?.innerText ?? "";
    const before = [blocked(), finding(), newest()] as const;
    await (await fetch("block?ms=400")).text();
    const begun = performance.now();
    for (;;) {
      const isFound = finding().includes("GET /block held") && finding() !== before[1];
      const isListed = /app\.ts:\d+/.test(newest()) && newest() !== before[2];
      if (isFound && isListed && blocked() >= before[0] + 0.3) return performance.now() - begun;
      if (performance.now() - begun > 20_000) throw new Error("Cannot measure: the stall is not shown");
      await new Promise(requestAnimationFrame);
    }
  });
}

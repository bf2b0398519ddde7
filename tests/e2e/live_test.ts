// The live page in a real Chromium: on the demo of each runtime, and over a server in this process that can be restarted
// and whose every text is markup.

import { after, before, describe, it } from "node:test";
import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { createServer, get as httpGet, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { gunzipSync } from "node:zlib";
import { assert, assertEquals, assertLess, assertMatch, assertStringIncludes } from "@std/assert";
import { type Browser, type BrowserContextOptions, chromium, type Page } from "playwright-core";
import { Counter, Registry } from "prom-client";
import { createMonitor } from "@rtm/runtime-metrics";
import { livePage } from "@rtm/runtime-metrics/live";
import { toNodeListener } from "@rtm/runtime-metrics/node";
import sharp from "sharp";
import { chromiumArguments, chromiumPath } from "../support/chromium.ts";
import { freePort } from "../support/free_port.ts";
import { type Demo, type DemoRuntime, startDemo } from "../support/server.ts";
import { until } from "../support/until.ts";

const skip = !existsSync(chromiumPath) && `${chromiumPath} is not installed`;
const axe = readFileSync(fileURLToPath(new URL("../../node_modules/axe-core/axe.min.js", import.meta.url)), "utf8");

/** What is to be seen within two seconds on a quiet machine; this one may be busy. */
const timeout = 60_000;
const desktop: BrowserContextOptions = { viewport: { width: 1440, height: 900 } };
const dark: BrowserContextOptions = { ...desktop, colorScheme: "dark" };
const phone: BrowserContextOptions = { viewport: { width: 390, height: 844 }, isMobile: true, hasTouch: true };

/** What turns TypeScript into JavaScript may name functions by a helper of its own. */
const namesFunctions = "globalThis.__name = (made) => made;";

let browser: Browser;

/** Opens a page, and tells what its console and its policy complained of. */
async function look(
  url: string,
  options: BrowserContextOptions,
  use: (page: Page, complaints: readonly string[]) => Promise<void>,
): Promise<void> {
  const context = await browser.newContext(options);
  try {
    const page = await context.newPage();
    const complaints: string[] = [];
    page.on("console", (message) => message.type() === "error" && complaints.push(message.text()));
    page.on("pageerror", (error) => complaints.push(error.message));
    page.on("dialog", (dialog) => (complaints.push(`dialog: ${dialog.message()}`), void dialog.dismiss()));
    await page.addInitScript({ content: namesFunctions });
    await page.addInitScript(() => {
      addEventListener("securitypolicyviolation", ({ violatedDirective }) => console.error(`CSP ${violatedDirective}`));
      new MutationObserver((_, observer) => {
        if (document.querySelector(".state")?.textContent !== "live") return;
        observer.disconnect();
        Object.assign(globalThis, { liveAt: performance.now() });
      }).observe(document, { subtree: true, childList: true, characterData: true });
    });
    await page.goto(url);
    await page.locator(".state", { hasText: "live" }).waitFor({ timeout });
    await use(page, complaints);
  } finally {
    await context.close();
  }
}

/** What axe finds that keeps people from using the page. */
async function seriousFaults(page: Page): Promise<string[]> {
  await page.evaluate(axe);
  return await page.evaluate(async () => {
    type Axe = { run(): Promise<{ violations: { id: string; impact: string; nodes: { html: string }[] }[] }> };
    const { violations } = await (globalThis as unknown as { axe: Axe }).axe.run();
    return violations.filter(({ impact }) => impact === "serious" || impact === "critical")
      .map(({ id, nodes }) => `${id}: ${nodes[0]!.html}`);
  });
}

/** What the heatmap says in words. */
async function lagText(page: Page): Promise<string> {
  return await page.getByRole("slider", { name: "Event loop lag" }).getAttribute("aria-valuetext") ?? "";
}

/** How many answers had come when the first numbers were drawn. */
async function answersToLoad(page: Page): Promise<number> {
  return await page.evaluate(() => {
    const { liveAt } = globalThis as unknown as { liveAt: number };
    const asked = performance.getEntriesByType("resource") as PerformanceResourceTiming[];
    return asked.filter(({ name, responseEnd }) => name.includes("since=") && responseEnd <= liveAt).length;
  });
}

/** The answer's status, headers and bytes, as they are sent. */
function answerOf(url: string): Promise<{ encoding: string | undefined; body: Buffer }> {
  return new Promise((resolve, reject) => {
    httpGet(url, { headers: { "accept-encoding": "gzip" } }, (response) => {
      const chunks: Buffer[] = [];
      response.on("data", (chunk) => chunks.push(chunk));
      response.on(
        "end",
        () => resolve({ encoding: response.headers["content-encoding"], body: Buffer.concat(chunks) }),
      );
    }).on("error", reject);
  });
}

/** What turns the time of a page by hand. */
interface Turned {
  answer(times: number): Promise<void>;
}

/** Runs in the page before its own script: answers come from here, one for each second, as fast as they are drawn. */
function turnTime(): void {
  const wait = globalThis.setTimeout;
  let next: (() => void) | undefined;
  globalThis.setTimeout = ((act: () => void, ms: number) => {
    if (ms !== 1000) return wait(act, ms);
    next = act;
    return 0;
  }) as typeof setTimeout;
  const lagBounds = [0.001, 0.01, 0.05, 0.2, 1];
  const columns = ["seconds", "blocked", "gc", "heap_used", "rss", "cpu", "throttled", "in_flight"];
  columns.push(...[...lagBounds, 0].map((_, i) => `lag_${i}`));
  const begin = Date.now() / 1000;
  let second = 0;
  let answered: (() => void) | undefined;
  const row = (at: number): number[] => [begin + at, ...columns.map((_, i) => i === 0 ? 1 : (at * (i + 7)) % 97 / 97)];
  const message = (run: string, isNew: boolean): unknown => ({
    ...{
      run,
      cursor: `${run}.${second}`,
      now: begin + second,
      severity: 2,
      columns,
      lagBounds,
      ageBounds: [0.1, 1],
    },
    about: { runtime: "node", version: "1", pid: 1, uptimeSeconds: isNew ? 0 : 1000 },
    thresholds: { warning: 0.05, critical: 0.2 },
    rows: isNew ? Array.from({ length: 300 }, (_, i) => row(second + i - 299)) : [row(second)],
    findings: [{
      ...{ severity: "critical", signal: "lag", runbook: "https://example.com/" },
      sentence: `GET /held held the loop for ${second % 50} s`,
    }],
    routes: Array.from({ length: 20 }, (_, i) => ({
      ...{ method: "GET", route: `/route-${(second >> 2) % 50 + i}`, total: second, count: i, errors: 0 },
      ...{ buckets: [1, i, second % 7], spark: Array.from({ length: 30 }, (_, step) => (second + step) % 11) },
    })),
    inFlight: { ages: [second % 3, 1, 2], oldestSeconds: 4 },
    ...{ routeSeconds: 60, durationBounds: [0.1, 1], pending: [], limits: {}, absent: {} },
    pools: [{ name: "pg", active: second % 5, queued: second % 3, capacity: 5 }],
    stalls: Array.from({ length: 20 }, (_, i) => ({
      ...{ id: String((second >> 3) - i), beganAtUnixSeconds: begin + second - i, seconds: 0.3, kind: "request" },
      ...{ name: "GET /held", culprit: "held (app.ts:1)", frames: 3, isStart: false },
    })),
    hasProfiles: true,
  });
  globalThis.fetch = () => {
    // Copies come and go, three at a time beside the one that answers, which is started anew now and then.
    const copies = [0, 20, 40].map((lag) => ({
      name: `copy-${Math.floor((second + lag) / 60)}`,
      since: (second + lag) % 60,
    }));
    const told = {
      copies: [{ name: `own-${Math.floor(second / 240)}`, since: second % 240 }, ...copies].map(({ name, since }) => ({
        ...{ id: name, name, process: name, told: message(name, since === 0) },
      })),
    };
    second++;
    answered?.();
    return Promise.resolve(new Response(JSON.stringify(told)));
  };
  Object.assign(globalThis, {
    async answer(times: number): Promise<void> {
      for (let i = 0; i < times; i++) {
        const done = new Promise<void>((resolve) => answered = resolve);
        // The answer before is drawn, and the next question waits for its time.
        while (!next) await new Promise((resolve) => wait(resolve, 0));
        const ask = next;
        next = undefined;
        ask();
        await done;
      }
      while (!next) await new Promise((resolve) => wait(resolve, 0));
    },
  });
}

describe("the live page in Chromium", { skip }, () => {
  before(async () => {
    browser = await chromium.launch({ executablePath: chromiumPath, args: chromiumArguments });
  });
  after(() => browser?.close());

  for (const runtime of ["node", "deno", "bun"] as const satisfies DemoRuntime[]) {
    describe(`on the demo of ${runtime}`, () => {
      let demo: Demo;
      before(async () => {
        demo = await startDemo(runtime);
        for (const path of ["/users/7", "/users/8"]) await (await fetch(demo.url + path)).text();
      });
      after(() => demo?.stop());

      it("is at most 60 KiB as it is sent", async () => {
        const { encoding, body } = await answerOf(`${demo.url}/live`);
        assertEquals(encoding, "gzip");
        assertLess(body.byteLength, 60 * 1024);
        assertMatch(gunzipSync(body).toString(), /^<!doctype html>[\s\S]*<\/html>\s*$/);
      });

      it("shows who held the loop, with the function, and the profile to take along", async () => {
        await look(`${demo.url}/live`, desktop, async (page, complaints) => {
          await page.locator("#requests", { hasText: "/users/:id" }).waitFor({ timeout });
          const row = page.locator("#stalls tbody tr", { hasText: /GET \/block.*app\.ts:\d+/s }).first();
          // Where the machine held the process itself, no function is told, and it is held again.
          await until(
            async () => {
              await (await fetch(`${demo.url}/block?ms=400`)).text();
              return await row.waitFor({ timeout: 5000 }).then(() => true, () => false);
            },
            (isTold) => isTold,
            60,
          );
          await page.locator("#findings .critical", { hasText: "GET /block held the loop for" }).waitFor({ timeout });
          assertMatch(await row.innerText(), /app\.ts:\d+/);
          // The row of that second may come with the next answer.
          const [worst, blocked] = await until(
            () =>
              page.locator("#heat").evaluate((heat: HTMLElement) =>
                ["worstSeconds", "blockedSeconds"].map((name) => Number(heat.dataset[name]))
              ),
            ([worst, blocked]) => worst! >= 0.4 && blocked! >= 0.3,
          );
          assert(worst! >= 0.4, `the heatmap's worst beat is ${worst}`);
          assert(blocked! >= 0.3, `the heatmap's blocked time is ${blocked}`);
          assertMatch(await lagText(page), /^last 5 min · longest wait (?:≤ (?:500 ms|[\d.]+ s)|> 5\.00 s) · blocked/);

          await row.locator("button", { hasText: "frames" }).focus();
          await page.keyboard.press("Enter");
          await row.locator(".frames li").first().waitFor({ timeout });
          assertMatch(await row.locator(".frames").innerText(), /\d+ % .*app\.ts:\d+/);
          const profile = await row.locator("a[download]").evaluate(async (link) =>
            await (await fetch((link as HTMLAnchorElement).href)).json() as { nodes: unknown[] }
          );
          assert(profile.nodes.length > 1, "the profile is empty");
          assertEquals(complaints, []);
        });
      });

      it("shows a stall soon after it, in heatmap, finding and list", async () => {
        await look(`${demo.url}/live`, desktop, async (page) => {
          // The page asks once a second, so two answers are the two seconds within which it is to be seen. One of before may
          // come late, and the profile is read beside a busy machine's other work: ten are what no delay of ours would need.
          // Where the machine held the process itself, no function is told, and it is held again.
          const answers = await page.evaluate(async () => {
            const state = (): { blocked: number; rows: number; finding: string } => ({
              blocked: Number(document.querySelector<HTMLElement>("#heat")!.dataset["blockedSeconds"]),
              rows: [...document.querySelectorAll<HTMLElement>("#stalls tbody tr")]
                .filter(({ innerText }) => /GET \/block[^]*app\.ts:\d+/.test(innerText)).length,
              finding: [...document.querySelectorAll<HTMLElement>("#findings li span")]
                .find(({ innerText }) => innerText.startsWith("GET /block held"))?.innerText ?? "",
            });
            const ask = globalThis.fetch;
            let answers = 0;
            globalThis.fetch = (...given) => ask(...given).finally(() => answers++);
            const tries: unknown[] = [];
            while (tries.length < 5) {
              const before = state();
              await (await ask("block?ms=400")).text();
              answers = 0;
              while (answers <= 10) {
                const { blocked, rows, finding } = state();
                const isFound = finding !== "" && finding !== before.finding;
                if (isFound && rows > before.rows && blocked >= before.blocked + 0.3) return answers;
                await new Promise((resolve) => setTimeout(resolve, 20));
              }
              tries.push([before, state()]);
            }
            return JSON.stringify(tries);
          });
          assert(typeof answers === "number", String(answers));
        });
      });

      for (const [scheme, options] of Object.entries({ light: desktop, dark, phone })) {
        it(`loads without complaint, and axe finds nothing serious, ${scheme}`, async () => {
          await look(`${demo.url}/live`, options, async (page, complaints) => {
            await page.locator("#requests", { hasText: "/users/:id" }).waitFor({ timeout });
            // They are a second apart. How long one takes on a quiet machine is what bench/live.ts measures.
            assertEquals(await answersToLoad(page), 1);
            assertEquals(await seriousFaults(page), []);
            assertEquals(complaints, []);
          });
        });
      }
    });
  }

  describe("over several copies", () => {
    const program = "tests/support/live_copies_program.ts";
    const copies: Demo[] = [];
    const directory = mkdtempSync(join(tmpdir(), "live-"));
    after(async () => {
      for (const copy of copies) await copy.stop();
      rmSync(directory, { recursive: true, force: true });
    });

    /** The texts of the list, and what it says of each. */
    const offered = (page: Page): Promise<string[]> =>
      page.locator("#copy option").evaluateAll((all) => all.map((each) => each.textContent!));

    it("shows a process of each runtime, all of them or one, and goes on when one has ended", async () => {
      for (const runtime of ["node", "deno", "bun"] as const) {
        copies.push(await startDemo(runtime, { DIRECTORY: directory, COPY: runtime }, program));
        await (await fetch(`${copies.at(-1)!.url}/of-${runtime}`)).text();
      }
      await look(`${copies[0]!.url}/live`, desktop, async (page, complaints) => {
        await until(() => offered(page), (all) => all.length === 4, 60);
        assertEquals((await offered(page)).map((each) => each.split(" ·")[0]).sort(), ["all", "bun", "deno", "node"]);
        for (const runtime of ["node", "deno", "bun"]) {
          await page.locator("#requests", { hasText: `/of-${runtime}` }).waitFor({ timeout });
        }
        await page.locator("header", { hasText: "3 copies" }).waitFor({ timeout });
        // A stall of one is named with its copy, and is not there when another one is picked.
        await (await fetch(`${copies[2]!.url}/held?ms=600`)).text();
        const critical = page.locator("#findings .critical", { hasText: "bun: GET /held held the loop for" });
        await critical.waitFor({ timeout });
        const pick = page.getByLabel("copy:");
        const nameOf = (runtime: string): Promise<string | undefined> =>
          offered(page).then((all) => all.find((each) => each.startsWith(runtime)));
        await pick.selectOption({ label: (await nameOf("deno"))! });
        await page.locator("header", { hasText: /deno \d/ }).waitFor({ timeout });
        assertEquals(await page.locator("#findings", { hasText: "GET /held" }).count(), 0);
        assertEquals(await page.locator("#requests tbody tr").allInnerTexts().then((all) => all.length), 1);
        await pick.selectOption({ label: (await nameOf("bun"))! });
        await page.locator("#findings", { hasText: "GET /held held the loop for" }).waitFor({ timeout });
        // By the keyboard, back to all.
        await pick.focus();
        await page.keyboard.press("Home");
        await critical.waitFor({ timeout });
        assertEquals(await seriousFaults(page), []);
        await copies[2]!.stop();
        await until(
          () => offered(page),
          (all) => !all.some((each) => each.startsWith("bun") && !each.includes("no answer")),
          40,
        );
        assert(!(await offered(page)).some((each) => /^bun(?! · no answer)/.test(each)), String(await offered(page)));
        await page.locator(".state", { hasText: "live" }).waitFor({ timeout });
        assertEquals(complaints, []);
      });
    });

    it("shows a cluster behind one port, whichever of it answers, without a restart that was none", async () => {
      const cluster = await startDemo("node", {}, program);
      copies.push(cluster);
      await look(`${cluster.url}/live`, desktop, async (page, complaints) => {
        await until(() => offered(page), (all) => all.length >= 3, 60);
        // Two workers, and the primary.
        const answering = new Set<string>();
        page.on("response", (response) => {
          if (!response.url().includes("since=")) return;
          void response.json().then(({ copies: [own] }: { copies: { id: string }[] }) => answering.add(own!.id));
        });
        await until(() => Promise.resolve(answering.size), (size) => size >= 2, 60);
        for (let i = 0; i < 8; i++) {
          await (await fetch(`${cluster.url}/both`, { headers: { connection: "close" } })).text();
        }
        await page.locator("#requests", { hasText: "/both" }).waitFor({ timeout });
        assertEquals(await page.locator("#heat").getAttribute("data-restarts"), "0");
        assertEquals(complaints, []);
      });
    });
  });

  describe("on a server of this process", () => {
    const markup = (name: string): string => `<img src=x onerror=alert("${name}")>`;
    let server: Server;
    let url: string;
    let end: () => Promise<void>;
    let held: Promise<void> | undefined;
    let answerThose: () => void;
    const hanging = new Promise<Response>((resolve) => answerThose = () => resolve(new Response("x")));

    /** Serves on this port; what is measured is new each time. */
    async function start(port: number): Promise<void> {
      const registry = new Registry();
      new Counter({ name: "orders_total", help: markup("help"), labelNames: ["kind"], registers: [registry] })
        .inc({ kind: markup("label") }, 41);
      const monitor = createMonitor({ registry, collect: { gc: false }, stallSeconds: 10 });
      monitor.pool(markup("pool"), () => ({ active: 9, capacity: 9, queued: 3, oldestWaitSeconds: 40 }));
      void monitor.track(markup("task"), new Promise(() => {}));
      const frame = { functionName: markup("function"), file: `/app/${markup("file").replace("/", "")}`, line: 7 };
      const stall = {
        id: markup("id"),
        beganAtUnixSeconds: Date.now() / 1000 - 5,
        seconds: 1.5,
        cpuSeconds: 1.4,
        kind: markup("kind"),
        name: markup("name"),
        culprit: frame,
        frames: [{ ...frame, share: 1 }],
      };
      const stalls = { recent: () => [stall, { ...stall, id: "2", name: "" }], profile: () => "{}" };
      const live = livePage(monitor, { stalls, title: markup("title") });
      const app = monitor.instrument(
        (request: Request) =>
          request.url.endsWith("/hang") ? hanging.then((answer) => answer.clone()) : new Response("x"),
        { route: () => `/${markup("route")}` },
      );
      server = createServer(
        toNodeListener((request: Request, ...rest: unknown[]) =>
          new URL(request.url).pathname === "/live"
            ? (held ?? Promise.resolve()).then(() => live.handler(request, rest[0]))
            : app(request)
        ),
      );
      await new Promise<void>((resolve) => server.listen(port, "127.0.0.1", resolve));
      url = `http://localhost:${(server.address() as AddressInfo).port}`;
      end = async () => {
        server.closeAllConnections();
        await new Promise((resolve) => server.close(resolve));
        monitor.stop();
      };
      await (await fetch(`${url}/x`)).text();
    }
    // It is given up and taken again, so that nobody else may be dealt it meanwhile.
    before(async () => start(await freePort()));
    after(() => end());

    it("shows every text as text", async () => {
      await look(`${url}/live`, desktop, async (page, complaints) => {
        await page.locator("#requests", { hasText: markup("route") }).waitFor({ timeout });
        const row = page.locator("#stalls tbody tr").first();
        await row.locator("button", { hasText: "frames" }).click();
        await row.locator(".frames li").first().waitFor({ timeout });
        const text = await page.locator("body").innerText();
        for (const name of ["title", "route", "pool", "task", "name", "kind", "function", "file"]) {
          assertStringIncludes(text, markup(name).replace(/^.*(?=src)/, ""), name);
        }
        assertEquals(await page.locator("img, script[src], iframe").count(), 0);
        assertEquals(complaints, []);
      });
    });

    it("shows the app's own metrics when they are asked for, and not before", async () => {
      await look(`${url}/live`, desktop, async (page, complaints) => {
        const asked: string[] = [];
        page.on("request", (request) => asked.push(request.url()));
        await page.locator("#requests", { hasText: markup("route") }).waitFor({ timeout });
        assertEquals(asked.filter((each) => each.includes("series=")), []);
        await page.getByRole("button", { name: "own metrics" }).click();
        const row = page.locator("#series tbody tr", { hasText: "orders_total" });
        await row.waitFor({ timeout });
        assertStringIncludes(await row.innerText(), markup("label"));
        assertMatch(await row.innerText(), /\b41\b/);
        assertEquals(await seriousFaults(page), []);
        await page.getByRole("searchbox").fill("nothing like it");
        await page.locator("#series", { hasText: "There are none" }).waitFor({ timeout });
        await page.getByRole("button", { name: "own metrics" }).click();
        await page.locator("#series").waitFor({ state: "hidden", timeout });
        assertEquals(complaints, []);
      });
    });

    it("says within a few seconds that no answer comes, and for how long", async () => {
      await look(`${url}/live`, desktop, async (page) => {
        const state = page.locator(".state");
        let goOn!: () => void;
        held = new Promise((resolve) => goOn = resolve);
        // Before the question is given up, which is when a reason is said.
        try {
          await state.filter({ hasText: /^no answer for \d+ s$/ }).waitFor({ timeout });
          assertEquals(await state.getAttribute("class"), "state critical");
        } finally {
          held = undefined;
          goOn();
        }
        await state.filter({ hasText: /^live$/ }).waitFor({ timeout });
        assertEquals(await state.getAttribute("class"), "state");
      });
    });

    it("tells the blocked share of the time that is known, not of all that is shown", async () => {
      await look(`${url}/live`, desktop, async (page) => {
        const end = performance.now() + 1200;
        while (performance.now() < end);
        const blocked = /blocked ([\d.]+) s, ([\d.]+) % of ([\d.]+ s|\d+ min)/;
        const text = await until(() => lagText(page), (text) => Number(blocked.exec(text)?.[1]) >= 1.1);
        const [, seconds, share, known] = blocked.exec(text)!;
        const knownSeconds = parseFloat(known!) * (known!.endsWith("min") ? 60 : 1);
        assertLess(knownSeconds, performance.now() / 1000 + 2, text);
        assertLess(Math.abs(Number(share) - Number(seconds) / knownSeconds * 100), 0.2 * Number(share), text);
      });
    });

    it("tells ages of requests in flight that fit the age of the oldest, whenever it is looked at", async () => {
      await look(`${url}/live`, desktop, async (page) => {
        const answers = ["", "", ""].map(() => fetch(`${url}/hang`));
        await page.locator("#ages", { hasText: "The oldest is" }).waitFor({ timeout });
        const seen = await page.evaluate(async () => {
          const texts = new Set<string>();
          const begin = performance.now();
          // Past the bound of a second, where a row of before would still tell them as younger; longer where answers come late.
          while (performance.now() < begin + (texts.size > 2 ? 4000 : 60_000)) {
            texts.add(document.querySelector<HTMLElement>("#ages")!.innerText);
            await new Promise((resolve) => setTimeout(resolve, 50));
          }
          return [...texts];
        });
        answerThose();
        for (const answer of await Promise.all(answers)) await answer.text();
        for (const text of seen) {
          const [, oldest, unit] = /The oldest is ([\d.]+) (m?s) old/.exec(text)!;
          const counts = [...text.matchAll(/^(?:up to .*|older)\s+(\d+)$/gm)].map(([, count]) => Number(count));
          // It is told in three digits: what is told as the bound itself may be just above it.
          const groups = [0.995, 1.005].map((near) =>
            [0.1, 1, 10, 60].findIndex((bound) => Number(oldest) / (unit === "ms" ? 1000 : 1) * near <= bound)
          );
          const group = counts.findLastIndex((count) => count > 0);
          assert(counts.length === 5 && groups.includes(group), text);
        }
        assert(seen.length > 2, seen.join(" | "));
      });
    });

    it("shows the same moment in all charts, by pointer and by arrow keys", async () => {
      await look(`${url}/live`, desktop, async (page) => {
        const values = (): Promise<string[]> =>
          page.getByRole("slider").evaluateAll((all) => all.map((each) => each.getAttribute("aria-valuetext")!));
        const lines = page.locator(".moment:visible");
        await until(values, (all) => all.length === 3 && /blocked/.test(all[0]!));
        assertEquals(await lines.count(), 0);
        const box = (await page.locator("#heat").boundingBox())!;
        await page.mouse.move(box.x + box.width - 2, box.y + 60);
        const pointed = await until(values, (all) => all.every((each) => /^\d\d:\d\d:\d\d\b/.test(each)));
        assertEquals(new Set(pointed.map((each) => each.slice(0, 8))).size, 1, pointed.join(" | "));
        assertEquals(await lines.count(), 3);
        await page.mouse.move(4, 4);
        assertEquals(await lines.count(), 0);
        const chart = page.getByRole("slider", { name: "CPU, in cores" });
        await chart.focus();
        await page.keyboard.press("ArrowLeft");
        const [before] = await until(values, (all) => all.every((each) => /^\d\d:/.test(each)));
        await page.keyboard.press("ArrowLeft");
        const [after] = await until(values, ([heat]) => heat!.slice(0, 8) !== before!.slice(0, 8));
        assert(after!.slice(0, 8) < before!.slice(0, 8) || before!.startsWith("00:"), `${after} after ${before}`);
        await page.keyboard.press("Escape");
        assertEquals(await lines.count(), 0);
      });
    });

    it("has a table and a picture of each chart", async () => {
      await look(`${url}/live`, desktop, async (page) => {
        await page.locator("#requests", { hasText: markup("route") }).waitFor({ timeout });
        for (const name of ["Event loop lag", "Heap and memory", "CPU, in cores"]) {
          await page.getByRole("button", { name: `Table of ${name}`, exact: true }).click();
          const row = page.getByRole("region", { name: `${name}, as a table` }).locator("tbody tr").first();
          await row.waitFor({ timeout });
          assertMatch(await row.innerText(), /^\d\d:\d\d:\d\d\s/);
          await page.getByRole("button", { name: `Table of ${name}`, exact: true }).click();
        }
        for (const name of ["Event loop lag", "Heap and memory", "CPU, in cores"]) {
          const [download] = await Promise.all([
            page.waitForEvent("download", { timeout }),
            page.getByRole("button", { name: `PNG of ${name}` }).click(),
          ]);
          const { channels } = await sharp(readFileSync(await download.path())).stats();
          // Opaque, and not of one colour.
          assertEquals([channels[3]?.min ?? 255, channels[0]!.stdev > 1], [255, true], name);
        }
      });
    });

    it("shows one minute to an hour, and stands still while it pauses", async () => {
      await look(`${url}/live`, desktop, async (page) => {
        for (const minutes of [1, 5, 15, 60]) {
          await page.getByRole("button", { name: `${minutes} min`, exact: true }).click();
          const said = await until(
            () => lagText(page),
            (text) => text.startsWith(`last ${minutes === 1 ? "60.0 s" : `${minutes} min`}`),
          );
          assertMatch(said, /^last (?:60\.0 s|\d+ min) ·/);
        }
        await page.getByRole("button", { name: "pause", exact: true }).click();
        const still = await page.locator("main").innerText();
        await page.waitForResponse((response) => response.url().includes("since="), { timeout });
        await page.waitForResponse((response) => response.url().includes("since="), { timeout });
        assertEquals(await page.locator("main").innerText(), still);
        await page.getByRole("button", { name: "go on" }).click();
        await until(() => page.locator("main").innerText(), (text) => text !== still);
        assert(await page.locator("main").innerText() !== still, "it stands still");
      });
    });

    it("says in one line why something is absent", async () => {
      await look(`${url}/live`, desktop, async (page) => {
        await page.locator("section", { hasText: "Switched off by collect.gc." }).waitFor({ timeout });
        const tall = await page.locator(".absent:visible").evaluateAll((all) => all.map((each) => each.clientHeight));
        assert(tall.length > 0 && tall.every((each) => each > 0 && each < 30), `absences are ${tall} pixels tall`);
      });
    });

    it("keeps its memory in a tab that is left open while copies come, go and are started anew", async () => {
      const context = await browser.newContext(desktop);
      try {
        const page = await context.newPage();
        await page.addInitScript({ content: `${namesFunctions} (${turnTime})();` });
        await page.goto(`${url}/live`);
        const session = await context.newCDPSession(page);
        const used = async (answers: number) => {
          await page.evaluate((answers) => (globalThis as unknown as Turned).answer(answers), answers);
          for (let i = 0; i < 3; i++) await session.send("HeapProfiler.collectGarbage");
          const { nodes, jsEventListeners: listeners } = await session.send("Memory.getDOMCounters");
          // Typed arrays are held beside the heap.
          const { usedSize: heap, backingStorageSize: rings = 0 } = await session.send("Runtime.getHeapUsage") as {
            usedSize: number;
            backingStorageSize?: number;
          };
          return { heap, rings, nodes, listeners };
        };
        // Five minutes are shown, and more have passed. What is seen is full then, and most code is compiled.
        const before = await used(300);
        const after = await used(800);
        const text = JSON.stringify({ before, after });
        // Engines go on compiling, by some 100 KB: of each answer 750 bytes that were kept would be too much. The rings of 40
        // copies that have gone would be 12 MB.
        assertLess(after.heap - before.heap, 600 * 1000, text);
        assertLess(after.rings - before.rings, 2 * 1000 * 1000, text);
        assertLess(after.nodes - before.nodes, 300, text);
        assertLess(after.listeners - before.listeners, 60, text);
        assertMatch(await page.locator("#stalls").innerText(), /GET \/held/);
        // Its buckets end at 0.1 and 1 s.
        assertMatch(await page.locator("#requests").innerText(), /0\.1–1\ss/);
      } finally {
        await context.close();
      }
    });

    it("asks one question after the other, however often its tab is hidden and shown", async () => {
      const context = await browser.newContext(desktop);
      try {
        const page = await context.newPage();
        await page.goto(`${url}/live?key=7`);
        await page.locator(".state", { hasText: "live" }).waitFor({ timeout });
        const asked: string[] = [];
        let atOnce = 0;
        let most = 0;
        await page.route(/since=/, async (route) => {
          asked.push(route.request().url());
          most = Math.max(most, ++atOnce);
          await new Promise((resolve) => setTimeout(resolve, 400));
          atOnce--;
          await route.continue();
        });
        for (let i = 0; i < 30; i++) {
          await page.evaluate(() => document.dispatchEvent(new Event("visibilitychange")));
          await page.waitForTimeout(50);
        }
        assertEquals(most, 1);
        await until(() => Promise.resolve(asked.length), (count) => count >= 4, 60);
        assertEquals(most, 1);
        // What else stands in its address, such as a key that a guard asks for, goes along.
        assertEquals(asked.filter((each) => !each.includes("key=7")), []);
        await page.unrouteAll({ behavior: "ignoreErrors" });
      } finally {
        await context.close();
      }
    });

    it("keeps every column in sight beside a name that is too long, and shows signs that nobody sees", async () => {
      const monitor = createMonitor({ registry: new Registry() });
      const long = "a_name_without_a_space_".repeat(12);
      monitor.pool(long, () => ({ active: 1, capacity: 2, queued: 3 }));
      monitor.pool("\u202ekcab", () => ({ active: 1, capacity: 2 }));
      const stall = { id: "1", seconds: 1, cpuSeconds: 1, kind: "request", name: `GET /${long}`, culprit: long };
      const stalls = { recent: () => [{ ...stall, beganAtUnixSeconds: Date.now() / 1000 - 5 }] };
      const live = livePage(monitor, { stalls, title: long });
      const app = monitor.instrument((_: Request) => new Response("x"), { route: () => `/${long}` });
      await (await app(new Request("http://localhost/"))).text();
      const other = createServer(toNodeListener(live.handler));
      await new Promise<void>((resolve) => other.listen(0, "127.0.0.1", resolve));
      try {
        for (const options of [desktop, phone, { viewport: { width: 720, height: 450 } }]) {
          await look(`http://localhost:${(other.address() as AddressInfo).port}/`, options, async (page) => {
            await page.locator("#pools", { hasText: "\\u202ekcab" }).waitFor({ timeout });
            await page.locator("#findings", { hasText: "a_name" }).waitFor({ timeout });
            const wide = await page.evaluate(() =>
              [...document.querySelectorAll("main, header, #findings, #stalls, #requests, #pools")]
                .map(({ id, tagName, scrollWidth, clientWidth }) => [id || tagName, scrollWidth - clientWidth] as const)
                .filter(([, wider]) => wider > 1)
            );
            assertEquals(wide, [], JSON.stringify(options.viewport));
          });
        }
      } finally {
        other.closeAllConnections();
        other.close();
        monitor.stop();
      }
    });

    it("is no other origin's to read, nor to frame", async () => {
      const other = createServer((_, response) => response.end("<!doctype html><title>other</title>"));
      await new Promise<void>((resolve) => other.listen(0, "127.0.0.1", resolve));
      const context = await browser.newContext();
      try {
        const page = await context.newPage();
        await page.goto(`http://127.0.0.1:${(other.address() as AddressInfo).port}/`);
        for (const mode of ["cors", "no-cors"] as const) {
          const read = await page.evaluate(
            async ([address, mode]) =>
              await fetch(address!, { mode: mode as RequestMode }).then(() => "read", () => "no"),
            [`${url}/live?since=0`, mode],
          );
          assertEquals(read, "no", mode);
        }
        await page.evaluate((address) => {
          const frame = document.createElement("iframe");
          frame.src = address;
          document.body.append(frame);
        }, `${url}/live`);
        await page.waitForTimeout(1000);
        const framed = await Promise.all(page.frames().slice(1).map((frame) => frame.locator("#live").count()));
        assertEquals(framed, [0]);
      } finally {
        await context.close();
        other.closeAllConnections();
        other.close();
      }
    });

    it("is one column on a phone, and as wide as it", async () => {
      await look(`${url}/live`, phone, async (page) => {
        await page.locator("#requests", { hasText: markup("route") }).waitFor({ timeout });
        const { wide, lefts } = await page.evaluate(() => ({
          wide: document.documentElement.scrollWidth - innerWidth,
          lefts: [
            ...new Set(
              Array.from(document.querySelectorAll<HTMLElement>("section:not([hidden])"), (each) => each.offsetLeft),
            ),
          ],
        }));
        assertEquals([wide, lefts.length], [0, 1]);
        // Each column is seen without scrolling, however wide the bounds of percentiles are.
        const cells = page.locator("#requests tbody tr").first().locator("td");
        for (const nth of [4, 5, 6]) {
          await cells.nth(nth).evaluate((cell) => cell.firstChild!.textContent = "250–500\u00a0ms");
        }
        const [scroll, seen] = await page.locator("#requests").evaluate((all) => [all.scrollWidth, all.clientWidth]);
        assertLess(scroll!, seen! + 1);
      });
    });

    it("fits on one screen of 1440 by 900", async () => {
      await look(`${url}/live`, desktop, async (page) => {
        await page.locator("#requests", { hasText: markup("route") }).waitFor({ timeout });
        assertEquals(await page.evaluate(() => [document.documentElement.scrollHeight, innerHeight]), [900, 900]);
      });
    });

    it("is used by keyboard alone", async () => {
      await look(`${url}/live`, desktop, async (page) => {
        await page.locator("#requests", { hasText: markup("route") }).waitFor({ timeout });
        const reached = new Set<string>();
        for (let i = 0; i < 60; i++) {
          await page.keyboard.press("Tab");
          const { name, outline } = await page.evaluate(() => {
            const focused = document.activeElement as HTMLElement;
            return {
              name: focused.getAttribute("aria-label") ?? focused.textContent ?? "",
              outline: getComputedStyle(focused).outlineStyle,
            };
          });
          if (name === "" || reached.has("PNG of CPU, in cores")) break;
          assertEquals(outline, "solid", `${name} does not show that it has the focus`);
          reached.add(name);
          if (name === "p99") {
            await page.keyboard.press("Enter");
            assertEquals(await page.locator("#requests th[aria-sort]").innerText(), "p99");
          }
          if (name === "pause") {
            await page.keyboard.press("Enter");
            await page.locator('button[aria-pressed="true"]', { hasText: "go on" }).waitFor({ timeout });
          }
        }
        for (const name of ["pause", "1 min", "Findings", "frames", "profile", "p99", "runbook"]) {
          assert(reached.has(name) || (name === "pause" && reached.has("go on")), `${name} cannot be reached`);
        }
      });
    });

    it("says that no answer comes, and goes on after a restart, which it shows", async () => {
      await look(`${url}/live`, desktop, async (page) => {
        const { port } = new URL(url);
        await end();
        await page.locator(".state", { hasText: "no answer" }).waitFor({ timeout });
        await start(Number(port));
        // It asks less and less often, each half a minute at last.
        await page.locator(".state", { hasText: "live, restarted at" }).waitFor({ timeout: 100_000 });
        await page.locator('#heat[data-restarts="1"]').waitFor({ timeout });
        assertMatch(await lagText(page), /restarted at \d\d:\d\d:\d\d$/);
      });
    });
  });
});

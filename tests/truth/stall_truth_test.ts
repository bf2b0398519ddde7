// Who held the loop, in real time, behind a real server: what is blamed on whom against what was really done.

import { describe, it } from "node:test";
import { Hono } from "hono";
import { Registry } from "prom-client";
import { assertAlmostEquals, assertGreater, assertLess } from "@std/assert";
import { createMonitor, type Monitor } from "@rtm/runtime-metrics";
import { runtimeMetrics } from "@rtm/runtime-metrics/hono";
import { block, runtimeTitle, sleep } from "../support/loop.ts";
import { type Page, scrape } from "../support/page.ts";
import { serveApp } from "../support/real_server.ts";

/** Blamed seconds by `kind name`, without those that are 0. */
function blamedOn(page: Page): Record<string, number> {
  const name = "runtime_eventloop_stall_seconds_total";
  return Object.fromEntries(
    page.labels(name).map((labels) => {
      const [, kind, who] = /kind="(.*?)",name="(.*?)"/.exec(labels)!;
      return [`${kind} ${who}`.trim(), page.value(name + labels)] as const;
    }).filter(([, seconds]) => seconds > 0),
  );
}

interface Load {
  name: string;
  /** Puts what blocks into the app, and answers what makes it happen. */
  run(
    context: { app: Hono; monitor: Monitor; get: (path: string) => Promise<string>; truth: Truth },
  ): () => Promise<unknown>;
  warm?: (get: (path: string) => Promise<string>) => Promise<unknown>;
  /** Who is to be blamed for all of it; others for at most 5 %. */
  blame: string;
}

/** Blocks, and remembers for how long. */
class Truth {
  seconds = 0;
  block = (seconds: number): void => {
    const { begin, end } = block(seconds);
    this.seconds += end - begin;
  };
}

const repeat = async (times: number, act: () => unknown): Promise<void> => {
  for (let i = 0; i < times; i++) {
    await act();
    await sleep(0.05);
  }
};

const loads: Load[] = [
  {
    name: "a synchronous block in a handler",
    blame: "request GET /report",
    run: ({ app, get, truth }) => {
      app.get("/report", (c) => (truth.block(0.2), c.text("ok")));
      return () => repeat(4, () => get("/report"));
    },
  },
  {
    name: "a block behind an await, then return",
    blame: "request GET /report",
    run: ({ app, get, truth }) => {
      app.get("/report", async (c) => {
        await sleep(0.03);
        truth.block(0.2);
        return c.text("ok");
      });
      return () => repeat(4, () => get("/report"));
    },
  },
  {
    name: "a tracked task",
    blame: "task resize",
    run: ({ monitor, truth }) => () => repeat(4, () => monitor.track("resize", () => truth.block(0.2))),
  },
  {
    name: "a job of a limiter",
    blame: "task renders",
    run: ({ monitor, truth }) => {
      const renders = monitor.limiter("renders", { capacity: 1 });
      return () => repeat(4, () => renders.run(() => truth.block(0.2)));
    },
  },
  {
    name: "a timer of the app",
    blame: "unknown",
    run: ({ truth }) => () =>
      repeat(4, () => new Promise<void>((done) => setTimeout(() => (truth.block(0.2), done()), 10))),
  },
  {
    name: "a middleware behind ours",
    blame: "request GET /report",
    run: ({ app, get, truth }) => {
      app.use(async (_c, next) => (truth.block(0.2), await next()));
      app.get("/report", (c) => c.text("ok"));
      return () => repeat(4, () => get("/report"));
    },
  },
  {
    name: "two handlers that block in turn",
    blame: "request GET /report",
    run: ({ app, get, truth }) => {
      app.get("/report", (c) => (truth.block(0.2), c.text("ok")));
      app.get("/quick", (c) => c.text("ok"));
      return () => repeat(3, () => Promise.all([get("/report"), get("/quick"), get("/report")]));
    },
  },
  {
    name: "many handlers of 20 ms in one turn",
    blame: "request GET /small",
    // Not through the server: Node's takes one connection in each turn, and the loop is free in between.
    run: ({ app, truth }) => {
      app.get("/small", (c) => (truth.block(0.02), c.text("ok")));
      return () => Promise.all(Array.from({ length: 40 }, () => app.request("/small")));
    },
  },
  {
    name: "a block while 50 innocent requests are under way",
    blame: "request GET /report",
    // Fifty connections to begin with are a stall of their own, of the client within this process.
    warm: (get) => Promise.all(Array.from({ length: 50 }, () => get("/innocent"))),
    run: ({ app, get, truth }) => {
      app.get("/report", (c) => (truth.block(0.3), c.text("ok")));
      app.get("/innocent", async (c) => {
        await sleep(0.1 + Math.random() * 0.2);
        return c.text("ok");
      });
      return () =>
        repeat(3, async () => {
          const waiting = Array.from({ length: 50 }, () => get("/innocent"));
          await sleep(0.05);
          await get("/report");
          await Promise.all(waiting);
        });
    },
  },
  {
    name: "a scrape during it",
    blame: "request GET /report",
    run: ({ app, get, truth }) => {
      app.get("/report", (c) => (truth.block(0.2), c.text("ok")));
      return () => repeat(4, () => Promise.all([get("/report"), get("/metrics")]));
    },
  },
  {
    name: "a timer of the app while 20 innocent requests are under way",
    blame: "unknown",
    run: ({ app, get, truth }) => {
      app.get("/innocent", async (c) => {
        await sleep(0.1 + Math.random() * 0.3);
        return c.text("ok");
      });
      return () =>
        repeat(4, async () => {
          const waiting = Array.from({ length: 20 }, () => get("/innocent"));
          await new Promise<void>((done) => setTimeout(() => (truth.block(0.2), done()), 60));
          await Promise.all(waiting);
        });
    },
  },
  {
    name: "a block in the pull of a response's stream",
    blame: "unknown",
    run: ({ app, get, truth }) => {
      app.get("/stream", () => {
        let left = 3;
        return new Response(
          new ReadableStream({
            async pull(controller) {
              await sleep(0.03);
              truth.block(0.2);
              if (--left === 0) controller.close();
              else controller.enqueue(new Uint8Array(10));
            },
          }),
        );
      });
      return () => repeat(1, () => get("/stream"));
    },
  },
];

describe("who held the loop", () => {
  for (const { name, blame, run, warm } of loads) {
    it(`${name}: ${blame}`, async () => {
      using monitor = createMonitor({ registry: new Registry() });
      const app = new Hono();
      const truth = new Truth();
      app.use(runtimeMetrics(monitor));
      await using server = await serveApp(app.fetch);
      const get = async (path: string): Promise<string> => await (await fetch(server.url + path)).text();
      const act = run({ app, monitor, get, truth });
      // The first request compiles what it passes, which may be a stall of its own.
      await get("/metrics");
      await warm?.(get);
      await sleep(0.3);
      const before = blamedOn(await scrape(monitor));
      await act();
      await sleep(0.3);
      const after = blamedOn(await scrape(monitor));
      const grown = Object.fromEntries(
        Object.entries(after).map(([who, seconds]) => [who, seconds - (before[who] ?? 0)]),
      );
      const found = grown[blame] ?? 0;
      const innocents = Object.entries(grown).filter(([who]) => !["unknown", "gc", blame].includes(who));
      const wrong = innocents.reduce((sum, [, seconds]) => sum + seconds, 0);
      console.log(`${runtimeTitle}, ${name}: ${truth.seconds.toFixed(3)} s, blamed ${JSON.stringify(grown)}`);
      assertGreater(truth.seconds, 0.5);
      assertAlmostEquals(found / truth.seconds, 1, 0.1);
      assertLess(wrong / truth.seconds, 0.05);
    });
  }
});

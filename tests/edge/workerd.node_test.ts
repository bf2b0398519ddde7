// A Worker in workerd itself. Node alone: miniflare starts it there, and needs no network.

import { after, before, describe, it } from "node:test";
import { connect } from "node:net";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";
import { Miniflare } from "miniflare";
import { assertEquals, assertGreater, assertLess, assertMatch } from "@std/assert";
import { Page } from "../support/page.ts";
import { until } from "../support/until.ts";

const root = fileURLToPath(new URL("../../", import.meta.url));

/** The page's series by their names and labels without the isolate's own, which every one of them must have. */
function seriesOf(page: Page): Map<string, number> {
  return new Map([...page.series].map(([name, value]) => {
    assertMatch(name, /\{.*\binstance="[0-9a-f-]{36}"(,le="[^"]+")?\}$/);
    return [name.replace(/,?instance="[0-9a-f-]{36}"/, "").replace("{}", ""), value];
  }));
}

const counted = (route: string, status: number, outcome = "completed"): string =>
  `http_requests_total{method="GET",route="${route}",status="${status}",outcome="${outcome}"}`;

const waiting = 'runtime_pending_tasks{kind="wait_until"}';

const duration = (what: "sum" | "count", route: string): string =>
  `http_request_duration_seconds_${what}{method="GET",route="${route}",status="200"}`;

for (const compatibilityFlags of [[], ["nodejs_compat"]]) {
  describe(`a Worker ${compatibilityFlags.length > 0 ? "with" : "without"} nodejs_compat`, () => {
    let worker: Miniflare;
    let url: string;
    let bundled: string[];

    before(async () => {
      const { outputFiles, metafile } = await build({
        entryPoints: [`${root}tests/support/edge_worker.ts`],
        bundle: true,
        write: false,
        metafile: true,
        format: "esm",
        target: "es2022",
        conditions: ["workerd", "worker"],
      });
      bundled = Object.keys(metafile.inputs);
      worker = new Miniflare({
        modules: true,
        script: outputFiles[0]!.text,
        compatibilityDate: "2026-04-01",
        compatibilityFlags,
        // Names that @hono/node-server and Deno use for what they pass beside a request.
        bindings: { incoming: "a", outgoing: "b", completed: "c" },
        // Without miniflare's own Worker before it, which reads every response to its end.
        unsafeDirectSockets: [{ host: "127.0.0.1", port: 0 }],
      });
      await worker.ready;
      url = String(await worker.unsafeGetDirectURL()).replace(/\/$/, "");
    });
    after(() => worker?.dispose());

    const scrape = async (): Promise<Map<string, number>> =>
      seriesOf(new Page(await (await fetch(`${url}/metrics`)).text()));
    /** A request is counted when its response is over, which may be a moment after the client has read it. */
    const scrapeUntil = (good: (series: Map<string, number>) => boolean) => until(scrape, good);
    const get = async (path: string): Promise<Response> => {
      const response = await fetch(url + path);
      await response.clone().arrayBuffer();
      return response;
    };

    it("bundles nothing of prom-client", () => {
      assertGreater(bundled.filter((name) => name.startsWith("src/")).length, 10);
      assertEquals(bundled.filter((name) => name.includes("prom-client")), []);
    });

    it("says what it is, and nothing of what it cannot tell", async () => {
      const series = await scrape();
      assertEquals(series.get('runtime_info{runtime="workerd",version="",engine=""}'), 1);
      const names = [...series.keys()].map((name) => name.split("{")[0]!);
      const lies = /eventloop|heap|gc_|thread|process_|pool_|suspended|last_collection/;
      assertEquals(names.filter((name) => lies.test(name)), []);
    });

    it("passes the bindings on, whatever they are called", async () => {
      assertEquals(await (await get("/env")).json(), { incoming: "a", outgoing: "b", completed: "c" });
      assertEquals((await scrapeUntil((series) => series.has(counted("/env", 200)))).get(counted("/env", 200)), 1);
    });

    it("counts what was answered, by route and status", async () => {
      for (const path of ["/", "/", "/"]) assertEquals(await (await get(path)).text(), "hello");
      assertEquals((await get("/boom")).status, 500);
      const series = await scrapeUntil((series) =>
        series.get(counted("/", 200)) === 3 && series.has(counted("/boom", 500))
      );
      assertEquals(series.get(counted("/", 200)), 3);
      assertEquals(series.get(counted("/boom", 500)), 1);
    });

    it("measures durations across what the Worker waits for, to the end of the body", async () => {
      const begin = performance.now();
      await get("/slow");
      await get("/stream");
      const series = await scrapeUntil((series) => series.has(duration("sum", "/stream")));
      const wall = (performance.now() - begin) / 1000;
      for (const [route, seconds] of [["/slow", 0.3], ["/stream", 0.2]] as const) {
        assertEquals(series.get(duration("count", route)), 1);
        // Timers are never early by more than a millisecond each; how late they are is up to the machine.
        assertGreater(series.get(duration("sum", route))!, seconds - 0.01);
        assertLess(series.get(duration("sum", route))!, wall);
      }
    });

    it("shows requests in flight, and what was handed to waitUntil", async () => {
      const slow = 'http_requests_in_progress{method="GET",route="/slow"}';
      // It is over in 0.3 s, and what is handed on in 0.4: each is asked for until a page was made meanwhile.
      const busy = await until(async () => {
        let isOver = false;
        const asked = get("/slow").finally(() => isOver = true);
        const series = await scrapeUntil((series) => isOver || series.get(slow) === 1);
        await asked;
        return series;
      }, (series) => series.get(slow) === 1);
      assertEquals([busy.get(slow), busy.get('runtime_pending_tasks{kind="http_request"}')], [1, 1]);
      const later = await until(async () => {
        await get("/later");
        return await scrape();
      }, (series) => series.get(waiting) !== 0);
      assertEquals(later.get(waiting), 1);
      const idle = await scrapeUntil((series) => series.get(waiting) === 0);
      assertEquals(idle.get(waiting), 0);
      assertEquals(idle.get('runtime_pending_tasks{kind="http_request"}'), 0);
    });

    it("learns that a client left in the middle of a stream", async () => {
      for (const path of ["/endless", "/hono/stream/1000"]) {
        const route = path.startsWith("/hono") ? "/hono/stream/:pieces" : path;
        await leave(url, path);
        const series = await scrapeUntil((series) => series.has(counted(route, 499, "aborted")));
        assertEquals(series.get(counted(route, 499, "aborted")), 1);
        assertEquals(series.get(`http_requests_in_progress{method="GET",route="${route}"}`), 0);
      }
    });

    it("counts a WebSocket when it opens", async () => {
      const { status, headers } = await upgrade(url, "/socket");
      assertEquals([status, headers.get("upgrade")], [101, "websocket"]);
      const series = await scrapeUntil((series) => series.has(counted("/socket", 101)));
      assertEquals(series.get(counted("/socket", 101)), 1);
      assertEquals(series.has('http_request_duration_seconds_count{method="GET",route="/socket",status="101"}'), false);
    });

    it("measures a Hono app by its routes' templates", async () => {
      for (const id of ["7", "8"]) assertEquals(await (await get(`/hono/users/${id}`)).text(), id);
      await get("/hono/health");
      const page = async (): Promise<Map<string, number>> =>
        seriesOf(new Page(await (await fetch(`${url}/hono/metrics`)).text()));
      const series = await until(page, (series) => series.get(counted("/hono/users/:id", 200)) === 2);
      assertEquals(series.get(counted("/hono/users/:id", 200)), 2);
      const handedOn = await until(async () => {
        await until(page, (series) => series.get(waiting) === 0);
        await Promise.all(["9", "10"].map((id) => get(`/hono/users/${id}`)));
        return await page();
      }, (series) => series.get(waiting) === 2);
      assertEquals(handedOn.get(waiting), 2);
      assertEquals([...series.keys()].filter((name) => /_total\{.*health/.test(name)), []);
    });

    it("counts once what a mounted app measures as well", async () => {
      for (const path of ["/hono/mounted/things/1", "/hono/mounted/things/2", "/hono/instrumented/3"]) await get(path);
      const series = await scrapeUntil((series) =>
        series.get(counted("/hono/instrumented/*", 200)) === 1 && series.get(counted("/hono/mounted/*", 200)) === 2
      );
      assertEquals(series.get(counted("/hono/mounted/*", 200)), 2);
      assertEquals([...series.keys()].filter((name) => /things|route="none"/.test(name)), []);
    });

    it("counts once what an app in an app without a middleware measures as well", async () => {
      for (const id of ["1", "2"]) await get(`/bare/things/${id}`);
      const series = await scrapeUntil((series) => series.get(counted("/things/:id", 200)) === 2);
      assertEquals([...series.keys()].filter((name) => /_total\{.*route="none"/.test(name)), []);
    });

    it("counts its uptime from the first request on", async () => {
      const uptime = (await scrape()).get("runtime_uptime_seconds")!;
      assertGreater(uptime, 0.5);
      // At module scope the clock stands at 0, which is 1970.
      assertLess(uptime, 600);
    });

    it("leaves nothing in flight", async () => {
      const working = (series: Map<string, number>) =>
        [...series].filter(([name, value]) => /in_progress|pending_tasks/.test(name) && value !== 0);
      assertEquals(working(await scrapeUntil((series) => working(series).length === 0)), []);
    });
  });
}

/** Asks, and leaves when the first of the body has come. */
function leave(url: string, path: string): Promise<void> {
  return new Promise((resolve, reject) => {
    const socket = connect(Number(new URL(url).port), "127.0.0.1").once("error", reject);
    let text = "";
    socket.on("data", (chunk) => {
      text += chunk;
      if (!text.includes("xxx")) return;
      socket.destroy();
      resolve();
    });
    socket.write(`GET ${path} HTTP/1.1\r\nHost: localhost\r\n\r\n`);
  });
}

/** Opens a WebSocket and closes its connection. */
function upgrade(url: string, path: string): Promise<{ status: number; headers: Headers }> {
  return new Promise((resolve, reject) => {
    const socket = connect(Number(new URL(url).port), "127.0.0.1").once("error", reject);
    let text = "";
    socket.on("data", (chunk) => {
      text += chunk;
      if (!text.includes("\r\n\r\n")) return;
      socket.destroy();
      const [first, ...lines] = text.split("\r\n\r\n")[0]!.split("\r\n");
      const headers = new Headers(lines.map((line) => line.split(": ", 2) as [string, string]));
      resolve({ status: Number(first!.split(" ")[1]), headers });
    });
    const key = btoa("0123456789abcdef");
    socket.write(
      `GET ${path} HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n` +
        `Sec-WebSocket-Key: ${key}\r\nSec-WebSocket-Version: 13\r\n\r\n`,
    );
  });
}

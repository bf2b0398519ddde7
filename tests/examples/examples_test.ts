import { after, before, describe, it } from "node:test";
import { readFileSync } from "node:fs";
import { connect, type Socket } from "node:net";
import {
  assert,
  assertEquals,
  assertGreater,
  assertGreaterOrEqual,
  assertLess,
  assertLessOrEqual,
  assertMatch,
  assertStringIncludes,
} from "@std/assert";
import { sleep } from "../support/loop.ts";
import { Page } from "../support/page.ts";
import { pgliteData } from "../support/pglite_data.ts";
import { scrapeServer } from "../support/scrape.ts";
import { type Demo, type DemoRuntime, startDemo } from "../support/server.ts";
import { startable } from "../support/startable.ts";
import { until } from "../support/until.ts";

/** Each runtime starts its own demo, so that its client and its server are tested together. */
const runtime: DemoRuntime = "Deno" in globalThis ? "deno" : "Bun" in globalThis ? "bun" : "node";

const routes = [
  ...[
    "/live",
    "/",
    "/users/7",
    "/books/7",
    "/relay",
    "/block?ms=200",
    "/report?ms=200",
    "/work?ms=200",
    "/pool?jobs=16",
    "/limited",
  ],
  ...["/stream?ms=500", "/boom", "/metrics"],
];

/** The labels of requests, as they stand on the page. */
const get = (route: string, status = "200"): string => labels("GET", route, status);
const labels = (method: string, route: string, status: string): string =>
  `{method="${method}",route="${route}",status="${status}"}`;

/** Requests that were answered whole; the counter alone tells how they ended. */
const requests = (page: Page, labels: string): number =>
  page.series.get(`http_requests_total${labels.replace("}", ',outcome="completed"}')}`) ?? 0;

const inProgress = (page: Page, route: string): number | undefined =>
  page.series.get(`http_requests_in_progress{method="GET",route="${route}"}`);

/** A request is counted when its response is over, which may be a moment after the client has read all of it. */
function counted(url: string, labels: string, atLeast: number): Promise<Page> {
  return until(() => scrapeServer(url), (page) => requests(page, labels) >= atLeast);
}

describe(`the demo on ${runtime}`, () => {
  let demo: Demo;
  let url: string;

  before(async () => {
    demo = await startDemo(runtime, { PGLITE_DATA: await pgliteData() });
    url = demo.url;
  });
  after(() => demo?.stop());

  it("lists its routes", async () => {
    const response = await fetch(`${url}/`);
    assertEquals(response.status, 200);
    assertEquals(await response.json(), { routes });
    assertEquals(requests(await counted(url, get("/"), 1), get("/")), 1);
  });

  it("counts users under the route's template, never under the path", async () => {
    const ids = ["7", "raw-path-of-a-user", "%C3%A9"];
    const before = requests(await scrapeServer(url), get("/users/:id"));
    for (const id of ids) {
      const response = await fetch(`${url}/users/${id}`);
      assertEquals(response.status, 200);
      assertEquals(await response.json(), { id: decodeURIComponent(id) });
    }
    const page = await counted(url, get("/users/:id"), before + ids.length);
    assertEquals(requests(page, get("/users/:id")), before + ids.length);
    assert(!page.text.includes("raw-path"), "a path that a client chose is on the page");
  });

  it("counts what no route matches under none", async () => {
    const missing = get("none", "404");
    const posted = labels("POST", "none", "404");
    const before = await scrapeServer(url);
    assertEquals((await fetch(`${url}/no-such-page`).then(drained)).status, 404);
    assertEquals((await fetch(`${url}/`, { method: "POST" }).then(drained)).status, 404);
    await counted(url, missing, requests(before, missing) + 1);
    const page = await counted(url, posted, requests(before, posted) + 1);
    assertEquals(requests(page, missing), requests(before, missing) + 1);
    assertEquals(requests(page, posted), requests(before, posted) + 1);
    assert(!page.text.includes("no-such-page"), "a path that a client chose is on the page");
  });

  it("answers 500 for what throws, and counts it under its route", async () => {
    const before = requests(await scrapeServer(url), get("/boom", "500"));
    const response = await fetch(`${url}/boom`);
    assertEquals([response.status, await response.text()], [500, "Internal Server Error"]);
    const page = await counted(url, get("/boom", "500"), before + 1);
    assertEquals(requests(page, get("/boom", "500")), before + 1);
  });

  for (
    const [path, expected] of [
      ["/block?ms=5001", "ms must be an integer from 0 to 5000"],
      ["/block?ms=-1", "ms must be an integer from 0 to 5000"],
      ["/block?ms=1.5", "ms must be an integer from 0 to 5000"],
      ["/block?ms=", "ms must be an integer from 0 to 5000"],
      ["/block?ms=9999999999999999999999", "ms must be an integer from 0 to 5000"],
      ["/pool?jobs=257", "jobs must be an integer from 1 to 256"],
      ["/pool?jobs=0", "jobs must be an integer from 1 to 256"],
      ["/pool?jobs=many", "jobs must be an integer from 1 to 256"],
      ["/stream?ms=30001", "ms must be an integer from 0 to 30000"],
    ] as const
  ) {
    it(`answers 400 for ${path}, and says why`, async () => {
      const labels = get(path.split("?")[0]!, "400");
      const before = requests(await scrapeServer(url), labels);
      const response = await fetch(url + path);
      assertEquals(response.status, 400);
      assertStringIncludes((await response.json() as { error: string }).error, expected);
      assertEquals(requests(await counted(url, labels, before + 1), labels), before + 1);
    });
  }

  it("blocks its loop for as long as it was asked to, and shows that", async () => {
    const begin = performance.now();
    const before = await scrapeServer(url);
    const response = await fetch(`${url}/block?ms=400`);
    assertEquals([response.status, await response.json()], [200, { blockedMs: 400 }]);
    const page = await scrapeServer(url);
    const wall = (performance.now() - begin) / 1000;

    // Where in the gap between two beats (at most 33 ms) the block began is not known: half of that may be missing. What
    // else stalls the loop of a busy machine counts as well, but together it is never more than the time that passed.
    const blocked = page.value('runtime_eventloop_blocked_seconds_total{copy="main"}') -
      before.value('runtime_eventloop_blocked_seconds_total{copy="main"}');
    assertGreater(blocked, 0.38);
    assertLess(blocked, wall);
    // The first beat that had to wait came at most 33 ms into the block.
    assertGreater(page.value('runtime_eventloop_lag_peak_seconds{copy="main"}'), 0.36);
  });

  for (const [path, functionName] of [["/block", "holdLoopUntil"], ["/report", "parseRow"]] as const) {
    it(`prints which function held its loop in ${path}, in which file and line`, async () => {
      const source = readFileSync(new URL("../../examples/demo/app.ts", import.meta.url), "utf8").split("\n");
      const begin = source.findIndex((text) => text.startsWith(`function ${functionName}(`));
      const end = source.indexOf("}", begin);
      // Which line of parseRow is not told everywhere: tsx puts a file on one line, of which no profile tells a part. The loop
      // of the other one calls `now`, which its text tells.
      const lines = [...source.keys()].slice(begin, end)
        .filter((i) => functionName === "parseRow" || source[i]!.includes("while")).map((i) => i + 1).join("|");
      const says = new RegExp(
        `^request GET ${path} held the event loop for \\d+ ms in ${functionName} .*examples[/\\\\]demo[/\\\\]app\\.ts:(?:${lines})$`,
        "m",
      );
      // At most one stall a second is looked at, and on a busy machine that may have been another.
      const printed = await until(
        async () => {
          await fetch(`${url}${path}?ms=400`).then(drained);
          await sleep(1.2);
          return demo.output();
        },
        (output) => says.test(output),
        60,
      );
      assertMatch(printed, says);
    });
  }

  it("shows jobs of the hidden thread pool as pending work while they run", async () => {
    // The jobs need 0.8 s on two cores: so they are asked for again until a page has shown them.
    let seen = false;
    const asking = (async () => {
      do {
        const response = await fetch(`${url}/pool?jobs=16`);
        assertEquals([response.status, await response.json()], [200, { jobs: 16 }]);
      } while (!seen);
    })();
    const busy = await until(() => scrapeServer(url), (page) => hashes(page) > 0).finally(() => seen = true);
    await asking;
    assertGreater(hashes(busy), 0);
    assertLessOrEqual(hashes(busy), 16);
    assertEquals(inProgress(busy, "/pool"), 1);
    assertGreaterOrEqual(busy.value('runtime_pending_tasks{kind="http_request"}'), 1);

    const idle = await until(() => scrapeServer(url), (page) => hashes(page) === 0);
    assertEquals(hashes(idle), 0);
    assertEquals(idle.value('runtime_pending_oldest_age_seconds{kind="hash"}'), 0);
  });

  it("shows the queue of its limited pool while twelve ask at once", async () => {
    // A round of twelve takes 150 ms: so each of the twelve asks again until a page has shown the pool at work.
    let seen = false;
    const twelve = Promise.all(Array.from({ length: 12 }, async () => {
      while (!seen) {
        const response = await fetch(`${url}/limited`);
        assertEquals([response.status, await response.json()], [200, { capacity: 4 }]);
      }
    }));
    const busy = await until(() => scrapeServer(url), (page) => limited(page, "queued") > 0).finally(() => seen = true);
    await twelve;
    assertEquals(limited(busy, "capacity"), 4);
    assertEquals(limited(busy, "active"), 4);
    assertGreater(limited(busy, "queued"), 0);
    assertLessOrEqual(limited(busy, "queued"), 8);

    const idle = await until(() => scrapeServer(url), (page) => limited(page, "active") === 0);
    assertEquals([limited(idle, "active"), limited(idle, "queued")], [0, 0]);
  });

  it("shows its database, its cache, its outgoing requests and its worker", async () => {
    const ask = async (path: string): Promise<[number, unknown]> => {
      const response = await fetch(url + path);
      return [response.status, response.status === 404 ? await response.text() : await response.json()];
    };
    assertEquals(await ask("/books/7"), [200, { title: "Volume 7" }]);
    assertEquals(await ask("/books/7"), [200, { title: "Volume 7" }]);
    assertEquals((await ask("/books/101"))[0], 404);
    assertEquals((await ask("/books/nonsense"))[0], 404);
    assertEquals(await ask("/relay"), [200, { id: "7" }]);
    assertEquals(await ask("/work?ms=200"), [200, { workedMs: 200 }]);

    const blocked = (page: Page): number =>
      page.series.get('runtime_eventloop_blocked_seconds_total{copy="worker"}') ?? 0;
    const page = await until(() => scrapeServer(url), (page) => blocked(page) > 0.15);
    assertGreater(blocked(page), 0.15);
    assertEquals(page.value('cache_hits_total{cache="books"}'), 1);
    assertEquals(page.value('cache_misses_total{cache="books"}'), 3);
    assertEquals(page.value('db_query_duration_seconds_count{operation="SELECT"}'), 3);
    assertEquals(page.value('db_connections{state="idle"}'), 1);
    assertEquals(page.value('http_client_requests_total{service="demo",method="GET",status="200"}'), 1);
    assertEquals(page.value('runtime_pool_capacity{pool="crew"}'), 1);
  });

  it("counts a stream until its end", async () => {
    const labels = get("/stream");
    const before = await scrapeServer(url);
    const begin = performance.now();
    const response = await fetch(`${url}/stream?ms=500`);
    const text = await response.text();
    assertStringIncludes(text, "500 ms left\n");
    assert(text.endsWith("\ndone\n"), text);

    const page = await counted(url, labels, requests(before, labels) + 1);
    const wall = (performance.now() - begin) / 1000;
    const seconds = page.value(`http_request_duration_seconds_sum${labels}`) -
      (before.series.get(`http_request_duration_seconds_sum${labels}`) ?? 0);
    // Headers alone take milliseconds. The end can be told after the client has seen it, but before a page shows it.
    assertGreaterOrEqual(seconds, 0.45);
    assertLess(seconds, wall);
  });

  it("ends the measurement of a stream whose client leaves", async () => {
    const client = await open(url, "/stream?ms=30000");
    assertEquals(inProgress(await scrapeServer(url), "/stream"), 1);
    client.destroy();
    // Far below the 30 s that the stream would have lasted.
    const page = await until(() => scrapeServer(url), (page) => inProgress(page, "/stream") === 0);
    assertEquals(inProgress(page, "/stream"), 0);
  });

  it("answers scrapes as Prometheus text, and nothing but GET and HEAD", async () => {
    const page = await fetch(`${url}/metrics`);
    assertEquals(page.status, 200);
    assertEquals(page.headers.get("content-type"), "text/plain; version=0.0.4; charset=utf-8");
    const { series } = new Page(await page.text());
    assertEquals([...series].filter(([name]) => name.startsWith(`runtime_info{runtime="${runtime}",`)).length, 1);

    const head = await fetch(`${url}/metrics`, { method: "HEAD" });
    assertEquals([head.status, await head.text()], [200, ""]);
    assertEquals(head.headers.get("content-type"), "text/plain; version=0.0.4; charset=utf-8");

    const post = await fetch(`${url}/metrics`, { method: "POST" }).then(drained);
    assertEquals([post.status, post.headers.get("allow")], [405, "GET, HEAD"]);
  });

  it("has nothing under way at the end, and every request in both families", async () => {
    const working = (page: Page) =>
      [...page.series].filter(([name, value]) => name.startsWith("http_requests_in_progress{") && value !== 0);
    const page = await until(() => scrapeServer(url), (page) => working(page).length === 0);
    assertEquals(working(page), []);
    assertEquals(page.value('runtime_pending_tasks{kind="http_request"}'), 0);
    assertEquals(page.value('runtime_pending_oldest_age_seconds{kind="http_request"}'), 0);

    const answered = page.labels("http_request_duration_seconds_count");
    assertGreater(answered.length, 8);
    for (const labels of answered) {
      const counted = ["completed", "aborted", "error"].map((outcome) =>
        page.series.get(`http_requests_total${labels.replace("}", `,outcome="${outcome}"}`)}`) ?? 0
      );
      const durations = page.value(`http_request_duration_seconds_count${labels}`);
      assertEquals(durations, counted[0]! + counted[1]! + counted[2]!, labels);
    }
  });
});

describe(`the demo on ${runtime} is asked to stop`, () => {
  const file = startable(`examples/demo/${runtime}.ts`);
  // A server that does not end within 5 s is killed, and then it has no exit code.

  it("as soon as it has said, in one line, where it listens", async () => {
    const demo = await startDemo(runtime, {}, file);
    const { code, output } = await demo.stop();
    assertEquals(code, 0, output);
    const lines = output.split("\n").filter((line) => line.includes(demo.url));
    assertEquals(lines.length, 1, output);
    for (const route of routes) assertStringIncludes(lines[0]!, `${demo.url}${route}`);
  });

  it("while a client keeps its connection", async () => {
    const demo = await startDemo(runtime, {}, file);
    let client: Socket | undefined;
    try {
      client = await open(demo.url, "/");
    } finally {
      const { code, output } = await demo.stop();
      client?.destroy();
      assertEquals(code, 0, output);
    }
  });

  it("while a client has connected and says nothing", async () => {
    const demo = await startDemo(runtime, {}, file);
    const client = connect(Number(new URL(demo.url).port), "127.0.0.1").on("error", () => {});
    try {
      // Connections are taken in their order: once the second has its answer, the server has the first.
      (await open(demo.url, "/")).destroy();
    } finally {
      const { code, output } = await demo.stop();
      client.destroy();
      assertEquals(code, 0, output);
    }
  });

  it("while it streams, and it finishes that first", async () => {
    const demo = await startDemo(runtime, {}, file);
    let text: Promise<string> | undefined;
    try {
      text = (await fetch(`${demo.url}/stream?ms=1000`)).text();
    } finally {
      const { code, output } = await demo.stop();
      assertEquals(code, 0, output);
    }
    assert((await text).endsWith("\ndone\n"), await text);
  });
});

const hashes = (page: Page): number => page.series.get('runtime_pending_tasks{kind="hash"}') ?? 0;

const limited = (page: Page, what: "capacity" | "active" | "queued"): number =>
  page.value(`runtime_pool_${what}{pool="limited"}`);

/** Reads a body that nobody looks at, so that its connection is free again. */
async function drained(response: Response): Promise<Response> {
  await response.arrayBuffer();
  return response;
}

/** Sends one request on a connection of its own, and leaves that open once the answer begins. */
function open(url: string, path: string): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const socket = connect(Number(new URL(url).port), "127.0.0.1");
    socket.once("error", reject);
    socket.once("data", () => resolve(socket));
    socket.write(`GET ${path} HTTP/1.1\r\nHost: localhost\r\n\r\n`);
  });
}

import { describe, it } from "node:test";
import { assert, assertEquals, assertFalse, assertStringIncludes } from "@std/assert";
import { Hono } from "hono";
import { Gauge, Registry } from "prom-client";
import { checkOptions } from "../../src/monitor/check_options.ts";
import { Core } from "../../src/core/core.ts";
import { type HandlerOptions, type PageHandler, pageHandler } from "../../src/page/handler.ts";
import type { Guard } from "../../src/page/guard.ts";
import { currentRuntime } from "../../src/runtime/detect.ts";
import { wholeProcess } from "../../src/process/process_watch.ts";
import { FakeRuntime } from "../support/fake_runtime.ts";
import { rawRequest } from "../support/raw_client.ts";
import { serveApp } from "../support/real_server.ts";

interface Served {
  handler: PageHandler;
  registry: Registry;
  /** How often the app's metric was asked. */
  asked: () => number;
  core: Core;
}

/** A handler over a registry with one metric of the app's own. */
function serve(options: HandlerOptions = {}): Served {
  const registry = new Registry();
  const core = new Core(new FakeRuntime(), registry, checkOptions({}), wholeProcess);
  core.start();
  let asked = 0;
  const collect = (): void => void asked++;
  new Gauge({ name: "carts", help: "Carts.", registers: [registry], collect }).set(7);
  const handler = pageHandler(() => ({ runtime: currentRuntime(), core, registry }), options);
  return { handler, registry, asked: () => asked, core };
}

const request = (method = "GET", headers: Record<string, string> = {}, query = ""): Request =>
  new Request(`http://localhost/anything${query}`, { method, headers });

const textType = "text/plain; version=0.0.4; charset=utf-8";

describe("pageHandler()", () => {
  it("answers GET with the page as Prometheus text that nobody may keep", async () => {
    const response = await serve().handler(request());
    assertEquals(response.status, 200);
    assertEquals(response.headers.get("content-type"), textType);
    assertEquals(response.headers.get("cache-control"), "no-store");
    assertEquals(response.headers.get("vary"), "Accept, Accept-Encoding");
    assertStringIncludes(await response.text(), "# HELP carts Carts.\n# TYPE carts gauge\ncarts 7\n");
  });

  it("takes no request at all for a GET", async () => {
    const response = await serve().handler();
    assertEquals(response.status, 200);
    assertStringIncludes(await response.text(), "\ncarts 7\n");
  });

  it("answers HEAD with the same headers, no body, and without asking any metric", async () => {
    const { handler, asked } = serve();
    const headers = { accept: "application/openmetrics-text; version=1.0.0" };
    const [head, get] = [await handler(request("HEAD", headers)), await handler(request("GET", headers))];
    assertEquals([head.status, await head.text()], [200, ""]);
    for (const name of ["content-type", "cache-control", "vary"]) {
      assertEquals(head.headers.get(name), get.headers.get(name), name);
    }
    await get.text();
    assertEquals(asked(), 1);
  });

  it("leaves the length untold that only GET would have, on a real server", async () => {
    const guard: Guard = (asked) => Promise.resolve(asked?.headers?.get("x-other") ? { status: 401 } : undefined);
    await using server = await serveApp(serve({ guard }).handler as never);
    await using off = await serveApp(serve({ isOff: true }).handler as never);
    const ask = async (url: string, headers = {}): Promise<unknown[]> => {
      const { status, headers: told, body, whole } = (await rawRequest(url, { method: "HEAD", headers }).answer)!;
      return [status, told["content-length"], body.length, whole];
    };
    assertEquals(await ask(server.url), [200, undefined, 0, true]);
    assertEquals(await ask(server.url, { "x-other": "1" }), [401, undefined, 0, true]);
    assertEquals(await ask(off.url), [404, undefined, 0, true]);
  });

  for (const method of ["POST", "PUT", "DELETE", "PATCH", "OPTIONS", "PURGE"]) {
    it(`answers ${method} with 405 and what is allowed, without asking any metric`, async () => {
      const { handler, asked } = serve();
      const response = await handler(request(method));
      assertEquals(response.status, 405);
      assertEquals(response.headers.get("allow"), "GET, HEAD");
      assertEquals(response.headers.get("cache-control"), "no-store");
      assertEquals(await response.text(), "Method Not Allowed\n");
      assertEquals(asked(), 0);
    });
  }

  it("recognises a Hono context", async () => {
    const { handler } = serve();
    const app = new Hono();
    app.all("/internal", handler);
    const get = await app.request("/internal?format=json");
    assertEquals([get.status, get.headers.get("content-type")], [200, "application/json; charset=utf-8"]);
    assertStringIncludes(await get.text(), '"name":"carts"');
    assertEquals((await app.request("/internal", { method: "POST" })).status, 405);
    assertEquals(await (await app.request("/internal", { method: "HEAD" })).text(), "");
  });

  it("answers each scraper in its own format, and the one does not change what the other gets", async () => {
    const { handler, registry } = serve();
    const get = async (accept: string): Promise<string> => await (await handler(request("GET", { accept }))).text();
    const families = (page: string): string[] => page.split("\n").filter((line) => /^# TYPE (?!runtime)/.test(line));
    const [before, open, after] = [
      await get("text/plain"),
      await get("application/openmetrics-text"),
      await get("text/plain"),
    ];
    assertEquals(families(before), ["# TYPE carts gauge"]);
    assertEquals(families(after), families(before));
    assert(open.endsWith("# EOF\n"));
    assertFalse(after.includes("# EOF"));
    assertStringIncludes(open, "# TYPE runtime_metrics_errors counter\n");
    assertStringIncludes(after, "# TYPE runtime_metrics_errors_total counter\n");
    assert(registry.getSingleMetric("runtime_metrics_errors_total"));
  });

  it("shows only the families that are asked for, and asks no other", async () => {
    const { handler, asked } = serve();
    const page = await (await handler(request("GET", {}, "?name[]=runtime_info&name%5B%5D=nobody"))).text();
    assertEquals([...page.matchAll(/^# TYPE (\S+)/gm)].map(([, name]) => name), ["runtime_info"]);
    assertEquals(asked(), 0);
    const own = await (await handler(request("GET", {}, "?name[]=carts"))).text();
    assertEquals(own, "# HELP carts Carts.\n# TYPE carts gauge\ncarts 7\n");
  });

  it("knows a family by the names of its samples and by its name in OpenMetrics as well", async () => {
    const { handler } = serve();
    for (const name of ["runtime_metrics_errors", "runtime_metrics_errors_total"]) {
      const page = await (await handler(request("GET", {}, `?name[]=${name}`))).text();
      assertEquals([...page.matchAll(/^# TYPE (\S+)/gm)].map(([, name]) => name), ["runtime_metrics_errors_total"]);
    }
    await (await handler(request())).text();
    const sum = await (await handler(request("GET", {}, "?name[]=runtime_metrics_scrape_duration_seconds_sum"))).text();
    assertStringIncludes(sum, "# TYPE runtime_metrics_scrape_duration_seconds summary\n");
  });

  it("tells the bytes that were sent, compressed or not", async () => {
    const { handler, core } = serve();
    const sent = (): string => [...core.families()].find(({ title }) => title.endsWith("bytes_total"))!.title;
    assertEquals(sent(), "runtime_metrics_scrape_bytes_total");
    const first = (await (await handler(request())).arrayBuffer()).byteLength;
    const small = await handler(request("GET", { "accept-encoding": "gzip" }));
    assertEquals(small.headers.get("content-encoding"), "gzip");
    const second = (await small.arrayBuffer()).byteLength;
    const page = await (await handler(request("GET", {}, "?name[]=runtime_metrics_scrape_bytes_total"))).text();
    assertStringIncludes(page, `\nruntime_metrics_scrape_bytes_total ${first + second}\n`);
    assert(second < first / 2);
  });

  it("refuses the scrape that is one too many, until one of the others is over", async () => {
    const { handler, registry } = serve({ maxConcurrentScrapes: 2 });
    let release = (): void => {};
    const held = new Promise<void>((resolve) => release = resolve);
    new Gauge({ name: "slow", help: "S.", registers: [registry], collect: () => held });
    const others = [handler(request()), handler(request())];
    const refused = await handler(request());
    assertEquals([refused.status, refused.headers.get("retry-after")], [503, "1"]);
    assertEquals(await refused.text(), "Service Unavailable\n");
    release();
    for (const other of await Promise.all(others)) assertEquals(other.status, 200);
    assertEquals((await handler(request())).status, 200);
  });

  it("answers 200 with our own numbers where even the registry throws, and counts it", async () => {
    const { handler, registry } = serve({ maxConcurrentScrapes: 1 });
    registry.getMetricsAsArray = () => {
      throw new Error("password");
    };
    for (let i = 1; i < 4; i++) {
      const response = await handler(request());
      assertEquals(response.status, 200);
      assertStringIncludes(await response.text(), `\nruntime_metrics_errors_total{source="registry"} ${i}\n`);
    }
  });

  it("answers 500 without a word of why when it breaks itself, and keeps no place taken", async () => {
    const { core, registry } = serve();
    core.refresh = () => {
      throw new Error("password");
    };
    const handler = pageHandler(() => ({ runtime: currentRuntime(), core, registry }), { maxConcurrentScrapes: 1 });
    for (let i = 0; i < 3; i++) {
      const response = await handler(request());
      assertEquals([response.status, await response.text()], [500, "Internal Server Error\n"]);
    }
  });
});

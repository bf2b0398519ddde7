import process from "node:process";
import { afterEach, describe, it } from "node:test";
import { assertEquals, assertStringIncludes } from "@std/assert";
import { createPusher } from "../../src/push/mod.ts";
import { counts, measureApp } from "../support/measured_app.ts";

const own = "RUNTIME_METRICS_TEST_SWITCH";

/** Is a request measured with that option while the variable has that value? */
async function measures(enableVariable: string | true | undefined, variable: string, value?: string): Promise<boolean> {
  if (value === undefined) delete process.env[variable];
  else process.env[variable] = value;
  using under = measureApp({ fromPython: { enableVariable: enableVariable as true } });
  under.app.get("/", (c) => c.text("x"));
  assertEquals(await under.ask("/"), [200, "x"]);
  const fetch = under.monitor.instrument((_: Request) => new Response("x"), { path: "/m" });
  assertEquals(await (await fetch(new Request("http://localhost/"))).text(), "x");
  const { status } = await under.monitor.handler();
  assertEquals((await under.ask("/metrics"))[0], status);
  for (const method of ["GET", "HEAD"]) {
    assertEquals((await fetch(new Request("http://localhost/m", { method }))).status, status);
  }
  if (status === 404) {
    assertEquals((await under.ask("/metrics"))[1], "Not Found\n");
    assertEquals(under.registry.getSingleMetric("http_requests_total"), undefined);
    return false;
  }
  assertEquals(status, 200);
  const page = await under.page();
  assertEquals(page.has("runtime_info"), true);
  const total = Object.values(counts(page, "http_requests_total")).reduce((sum, count) => sum + count, 0);
  assertEquals(total, page.has("http_requests_total") ? 2 : 0);
  return total > 0;
}

describe("the variable that switches the page and the measurement of requests on", () => {
  afterEach(() => {
    delete process.env[own];
    delete process.env.ENABLE_METRICS;
  });

  it("is not asked for by default", async () => {
    for (const value of [undefined, "false", "0"]) {
      assertEquals(await measures(undefined, "ENABLE_METRICS", value), true);
    }
  });

  for (const value of ["true", "1", "TRUE", "True"]) {
    it(`switches it on with ${value}`, async () => {
      assertEquals(await measures(own, own, value), true);
    });
  }

  for (const value of [undefined, "", "0", "false", "FALSE", "yes", "on", "2", " true"]) {
    it(`leaves it off ${value === undefined ? "where it is not set" : `with ${JSON.stringify(value)}`}`, async () => {
      assertEquals(await measures(own, own, value), false);
    });
  }

  it("is ENABLE_METRICS where it is called true", async () => {
    assertEquals(await measures(true, "ENABLE_METRICS"), false);
    assertEquals(await measures(true, "ENABLE_METRICS", "false"), false);
    assertEquals(await measures(true, "ENABLE_METRICS", "true"), true);
  });

  it("is not heard of by who asks a page that is guarded, and hides nothing from a pusher of the app's own", async () => {
    using under = measureApp({ fromPython: { enableVariable: own } }, {
      exposition: { bearerToken: "secret-of-the-page" },
    });
    assertEquals((await under.monitor.handler(new Request("http://localhost/"))).status, 404);
    let body = "";
    await using pusher = createPusher({
      url: "http://localhost/",
      protocol: "pushgateway",
      job: "x",
      monitor: under.monitor,
      fetch: (_url, init) => {
        body = String(init.body);
        return Promise.resolve(new Response());
      },
    });
    await pusher.push();
    assertStringIncludes(body, "runtime_info");
  });

  it("is read when the monitor is made, and what becomes of it afterwards changes nothing", async () => {
    process.env[own] = "1";
    using under = measureApp({ fromPython: { enableVariable: own } });
    delete process.env[own];
    const fetch = under.monitor.instrument((_: Request) => new Response(null));
    fetch(new Request("http://localhost/"));
    assertEquals(await under.requests(), { "GET none 200 completed": 1 });
  });
});

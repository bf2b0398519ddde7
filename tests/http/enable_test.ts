import process from "node:process";
import { afterEach, describe, it } from "node:test";
import { assertEquals } from "@std/assert";
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
  // Scrapes are answered in any case, and show everything but requests.
  assertEquals((await under.ask("/metrics"))[0], 200);
  assertEquals((await fetch(new Request("http://localhost/m"))).status, 200);
  const page = await under.page();
  assertEquals(page.has("runtime_info"), true);
  const total = Object.values(counts(page, "http_requests_total")).reduce((sum, count) => sum + count, 0);
  assertEquals(total, page.has("http_requests_total") ? 2 : 0);
  return total > 0;
}

describe("the variable that switches the measurement of requests on", () => {
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

  it("is read when the monitor is made, and what becomes of it afterwards changes nothing", async () => {
    process.env[own] = "1";
    using under = measureApp({ fromPython: { enableVariable: own } });
    delete process.env[own];
    const fetch = under.monitor.instrument((_: Request) => new Response(null));
    fetch(new Request("http://localhost/"));
    assertEquals(await under.requests(), { "GET none 200 completed": 1 });
  });
});

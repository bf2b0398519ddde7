import { describe, it } from "node:test";
import { assert, assertEquals, assertRejects, assertStringIncludes } from "@std/assert";
import { Gauge, Registry } from "prom-client";
import { createMetricsServer, createMonitor } from "@rtm/runtime-metrics";

describe("createMetricsServer()", () => {
  it("serves the page on a port of its own, and nothing else", async () => {
    const registry = new Registry();
    using monitor = createMonitor({ registry });
    new Gauge({ name: "carts", help: "Carts.", registers: [registry] }).set(7);
    await using server = await createMetricsServer({ monitor, port: 0 });
    assertEquals(server.url, `http://127.0.0.1:${server.port}/metrics`);
    const page = await fetch(`${server.url}?name[]=carts`);
    assertEquals(await page.text(), "# HELP carts Carts.\n# TYPE carts gauge\ncarts 7\n");
    const open = await fetch(server.url, {
      headers: { accept: "application/openmetrics-text", "accept-encoding": "gzip" },
    });
    assertStringIncludes(open.headers.get("content-type")!, "application/openmetrics-text");
    assert((await open.text()).endsWith("# EOF\n"));
    const other = await fetch(new URL("/", server.url));
    assertEquals([other.status, await other.text()], [404, "Not Found\n"]);
    const post = await fetch(server.url, { method: "POST", body: "x" });
    assertEquals([post.status, await post.text()], [405, "Method Not Allowed\n"]);
    const head = await fetch(server.url, { method: "HEAD" });
    assertEquals([head.status, await head.text()], [200, ""]);
  });

  it("guards the page like every other way to it, and knows the other end's address", async () => {
    for (const [allow, expected] of [[["127.0.0.1"], 200], [["10.0.0.1"], 403]] as const) {
      using monitor = createMonitor({ registry: new Registry(), exposition: { allow } });
      await using server = await createMetricsServer({ monitor, port: 0, path: "/m" });
      const response = await fetch(server.url);
      await response.text();
      assertEquals([new URL(server.url).pathname, response.status], ["/m", expected]);
    }
  });

  it("sends a page of many chunks whole", async () => {
    const registry = new Registry();
    using monitor = createMonitor({ registry });
    const gauge = new Gauge({ name: "big", help: "B.", labelNames: ["i"], registers: [registry] });
    for (let i = 0; i < 20_000; i++) gauge.set({ i }, i);
    await using server = await createMetricsServer({ monitor, port: 0 });
    for (const encoding of ["identity", "gzip"]) {
      const response = await fetch(`${server.url}?name[]=big`, { headers: { "accept-encoding": encoding } });
      const lines = (await response.text()).split("\n");
      assertEquals([lines.length, lines.at(-2)], [20_003, 'big{i="19999"} 19999']);
    }
  });

  it("stops, and can be stopped twice", async () => {
    using monitor = createMonitor({ registry: new Registry() });
    const server = await createMetricsServer({ monitor, port: 0 });
    await (await fetch(server.url)).text();
    await server.stop();
    await server.stop();
    await assertRejects(() => fetch(server.url));
  });

  it("says so when the port is taken, and refuses what is no port", async () => {
    using monitor = createMonitor({ registry: new Registry() });
    await using server = await createMetricsServer({ monitor, port: 0 });
    await assertRejects(
      () => createMetricsServer({ monitor, port: server.port }),
      Error,
      "Cannot start metrics server",
    );
    await assertRejects(
      () => createMetricsServer({ monitor, port: 65_536 }),
      RangeError,
      "port must be a whole number",
    );
    await assertRejects(() => createMetricsServer({ monitor, port: "9464" as never }), TypeError, 'got "9464"');
    await assertRejects(() => createMetricsServer({ monitor, prt: 1 } as never), TypeError, "unknown option; expected");
    await assertRejects(
      () => createMetricsServer({ monitor: {} } as never),
      TypeError,
      "monitor must be a monitor, got",
    );
    await assertRejects(() => createMetricsServer({ monitor, host: "" }), TypeError, "host must be an address");
    await assertRejects(() => createMetricsServer({ monitor, path: "metrics" }), TypeError, 'begins with "/"');
  });
});

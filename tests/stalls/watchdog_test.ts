import { describe, it } from "node:test";
import { Registry } from "prom-client";
import { assertEquals, assertFalse, assertRejects, assertStringIncludes, assertThrows } from "@std/assert";
import { createMonitor } from "@rtm/runtime-metrics";
import { watchdog, type WatchdogOptions } from "@rtm/runtime-metrics/stalls";
import { freePort } from "../support/free_port.ts";
import { freshPage, scrape } from "../support/page.ts";

const start = (options?: unknown): void => {
  using monitor = createMonitor({ registry: new Registry() });
  watchdog(monitor, options as WatchdogOptions).stop();
};

describe("watchdog", () => {
  const wrong: [options: unknown, expected: string][] = [
    [5, "options must be an object, got a number"],
    [{ treshold: 5 }, "unknown option; expected one of thresholdSeconds, deadSeconds, abortSeconds, server"],
    [{ thresholdSeconds: "5" }, 'thresholdSeconds must be a number, got "5"'],
    [{ thresholdSeconds: 0.1 }, "thresholdSeconds must be from 0.2 to 3600, got 0.1"],
    [{ deadSeconds: Number.NaN }, "deadSeconds must be from 0.2 to 86400, got NaN"],
    [{ abortSeconds: 0 }, "abortSeconds must be from 0.2 to 86400, got 0"],
    [{ server: 8080 }, "server must be an object, got a number"],
    [{ server: {} }, "server.port must be a number, got undefined"],
    [{ server: { port: 65_536 } }, "server.port must be a whole number from 0 to 65535, got 65536"],
    [{ server: { port: 0, host: "" } }, 'server.host must be an address, got ""'],
    [{ server: { port: 0, path: "/" } }, "unknown option in server; expected one of port, host"],
  ];
  for (const [options, expected] of wrong) {
    it(`refuses ${JSON.stringify(options)}`, () => {
      const error = assertThrows(() => start(options), Error);
      assertStringIncludes(error.message, `Cannot start watchdog: ${expected}`);
    });
  }

  it("refuses what is no monitor, and begins anew until the monitor has been stopped", () => {
    assertThrows(() => watchdog({} as never), TypeError, "Cannot start watchdog: expected a monitor");
    const monitor = createMonitor({ registry: new Registry() });
    const first = watchdog(monitor);
    first.stop();
    first.stop();
    watchdog(monitor).stop();
    monitor.stop();
    watchdog(monitor).stop();
  });

  it("answers from its thread until it is stopped", async () => {
    using monitor = createMonitor({ registry: new Registry() });
    const watching = watchdog(monitor, { server: { port: 0 } });
    const { port } = await watching.ready;
    const ask = (path: string, method = "GET") => fetch(`http://127.0.0.1:${port}${path}`, { method });
    const answers: [path: string, method: string, status: number, text: string][] = [
      ["/livez", "GET", 200, "ok\n"],
      ["/livez?verbose", "GET", 200, "ok\n"],
      ["/livez", "HEAD", 200, ""],
      ["/livez", "POST", 405, "Method Not Allowed\n"],
      ["/", "GET", 404, "Not Found\n"],
    ];
    for (const [path, method, status, text] of answers) {
      const response = await ask(path, method);
      assertEquals([response.status, await response.text()], [status, text], `${method} ${path}`);
    }
    watching.stop();
    await assertRejects(async () => {
      // The thread ends a moment later.
      for (let i = 0; i < 300; i++) {
        await (await ask("/livez")).text();
        await new Promise((next) => setTimeout(next, 10));
      }
    });
  });

  it("gives its place and its port to a later one, such as after a hot reload", async () => {
    using monitor = createMonitor({ registry: new Registry() });
    // One that the system deals to nobody between the two.
    const port = await freePort();
    const first = watchdog(monitor, { server: { port } });
    assertEquals((await first.ready).port, port);
    using second = watchdog(monitor, { server: { port }, thresholdSeconds: 1 });
    assertEquals((await second.ready).port, port);
    first.stop();
    assertEquals((await fetch(`http://127.0.0.1:${port}/livez`)).status, 200);
  });

  it("ends with its monitor, and tells who asks too late", async () => {
    const monitor = createMonitor({ registry: new Registry() });
    const watching = watchdog(monitor);
    monitor.stop();
    await assertRejects(() => watching.ready, Error, "stopped");
  });

  it("begins the host's stalls at 0, which are absent without it", async () => {
    const host = 'runtime_eventloop_stall_seconds_total{kind="host",name=""}';
    assertFalse((await freshPage()).has(host));
    using monitor = createMonitor({ registry: new Registry() });
    using _watching = watchdog(monitor);
    const page = await scrape(monitor);
    assertEquals(page.value(host), 0);
    assertEquals(page.value('runtime_metrics_errors_total{source="watchdog"}'), 0);
  });
});

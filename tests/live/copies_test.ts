import { afterEach, describe, it } from "node:test";
import { assertEquals } from "@std/assert";
import { Registry } from "prom-client";
import { createMonitor } from "@rtm/runtime-metrics";
import { joinCopies } from "@rtm/runtime-metrics/copies";
import { type LivePage, livePage } from "@rtm/runtime-metrics/live";
import type { CopiesTold, Message } from "../../src/live/message.ts";
import { now } from "../support/loop.ts";
import { until } from "../support/until.ts";

const stops: (() => void)[] = [];
afterEach(() => stops.splice(0).forEach((stop) => stop()));

/** A copy whose stalls are all its own. */
function startCopy(copy: string, hasPage = true): LivePage | undefined {
  const settings = { collect: { gc: false, canary: false }, stallSeconds: 10 };
  const monitor = createMonitor({ registry: new Registry(), ...settings });
  joinCopies(monitor, { group: "live", copy, deadlineSeconds: 2 });
  stops.push(() => monitor.stop());
  const stall = {
    ...{ id: "7", beganAtUnixSeconds: Date.now() / 1000 - 5, seconds: 1.5, kind: "request", name: `GET /${copy}` },
    frames: [{ functionName: copy, file: "app.ts", line: 1 }],
  };
  return hasPage
    ? livePage(monitor, { public: true, stalls: { recent: () => [stall], profile: () => `{"of":"${copy}"}` } })
    : undefined;
}

async function ask(page: LivePage, query: string): Promise<[status: number, body: unknown]> {
  const response = await page.handler(new Request(`http://localhost/live${query}`));
  const text = await response.text();
  return [response.status, response.status === 200 ? JSON.parse(text) : text];
}

describe("the live page of joined copies", () => {
  it("tells of each of them, and asks each for what it alone has", async () => {
    const alive = setInterval(() => {}, 1000);
    stops.push(() => clearInterval(alive));
    const page = startCopy("a")!;
    startCopy("b");
    startCopy("c", false);
    let askedAt = 0;
    const [, all] = await until(
      () => {
        askedAt = now();
        return ask(page, "?since=0&copy=all");
      },
      ([, body]) => (body as CopiesTold).copies.length === 3,
    );
    const { copies } = all as CopiesTold;
    assertEquals(copies.map(({ name, told }) => [name, told?.stalls[0]?.name]), [
      ["a", "GET /a"],
      ["b", "GET /b"],
      ["c", undefined],
    ]);
    const [, b, c] = copies.map(({ id }) => id);
    assertEquals((await ask(page, `?stall=7&copy=${b}`))[1], { frames: [{ place: "b (app.ts:1)" }] });
    assertEquals((await ask(page, `?profile=7&copy=${b}`))[1], { of: "b" });
    assertEquals((await ask(page, "?profile=7"))[1], { of: "a" });
    assertEquals(((await ask(page, `?since=0&copy=${b}`))[1] as Message).run, copies[1]!.told!.run);
    for (const query of ["?stall=8&copy=" + b, `?since=0&copy=${c}`, "?since=0&copy=nobody", "?format=json&copy="]) {
      assertEquals((await ask(page, query))[0], 404, query);
    }
    const [, findings] = await ask(page, "?format=json&copy=all");
    const { severity, findings: found, silent } = findings as {
      severity: number;
      findings: { copy: string; sentence: string }[];
      silent: string[];
    };
    assertEquals([severity, found.map(({ copy, sentence }) => [copy, sentence.split(" held")[0]]), silent], [
      2,
      [["a", "GET /a"], ["b", "GET /b"]],
      ["c"],
    ]);
    // Each is asked for what is new to the viewer, by a cursor of its own.
    const cursors = copies.flatMap(({ told }) => told ? [told.cursor] : []).join();
    const [, next] = await ask(page, `?since=${cursors}&copy=all`);
    // A row is made each second.
    const most = 1 + Math.floor(now() - askedAt);
    assertEquals((next as CopiesTold).copies.slice(0, 2).map(({ told }) => told!.rows.length <= most), [true, true]);
  });

  it("is that of one alone where none was joined", async () => {
    const monitor = createMonitor({ registry: new Registry() });
    stops.push(() => monitor.stop());
    const page = livePage(monitor, { public: true });
    const [status, all] = await ask(page, "?since=0&copy=all");
    assertEquals([status, (all as CopiesTold).copies.map(({ id, name }) => [id, name])], [200, [["", ""]]]);
  });
});

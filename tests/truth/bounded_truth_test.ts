import { describe, it } from "node:test";
import { assert, assertEquals } from "@std/assert";
import process from "node:process";
import { setImmediate as turn } from "node:timers/promises";
import { counts, measureApp, type MeasuredApp } from "../support/measured_app.ts";
import { collectGarbage } from "../support/garbage.ts";

const random = (): string => Math.random().toString(36).slice(2);

/** A request in which all that a client can choose is chosen at random; one in four finds a route. */
function randomRequest(i: number): Request {
  if (i % 4 === 0) return new Request(`http://localhost/users/${random()}`);
  const request = new Request(`http://${random()}.example/${random()}?${random()}`, {
    headers: { "user-agent": random(), [`x-${random()}`]: random() },
  });
  return i % 2 ? request : Object.defineProperty(request, "method", { value: random().toUpperCase() });
}

async function ask(under: MeasuredApp, times: number): Promise<void> {
  for (let i = 0; i < times; i++) {
    const response = await under.app.fetch(randomRequest(i));
    await response.body?.cancel();
    // Without a turn of the loop now and then nothing else runs, on Deno not even the collector of streams.
    if (i % 1000 === 0) await turn();
  }
}

async function heapBytes(): Promise<number> {
  for (let i = 0; i < 3; i++) {
    collectGarbage();
    await turn();
  }
  return process.memoryUsage().heapUsed;
}

describe("a million requests with random paths, methods, hosts and headers", () => {
  it("leave the page and the memory as they were", async () => {
    using under = measureApp();
    under.app.get("/users/:id", (c) => c.body(null, 204));
    under.app.notFound((c) => c.body(null, 404));
    await ask(under, 20_000);
    const before = await under.settled();
    const heapBefore = await heapBytes();
    await ask(under, 1_000_000);
    const after = await under.settled();
    const grown = await heapBytes() - heapBefore;
    const ours = (page: typeof after): string[] =>
      [...page.series.keys()].filter((key) => key.startsWith("http_")).sort();
    assertEquals(ours(after), ours(before));
    const total = Object.values(counts(after, "http_requests_total")).reduce((sum, count) => sum + count, 0);
    assertEquals(total, 1_020_000);
    // A byte kept of each request would be 1 MB, an object 40 MB or more; compiled code and caches of the engine are some.
    assert(grown < 8_000_000, `the heap grew by ${grown} bytes`);
  });
});

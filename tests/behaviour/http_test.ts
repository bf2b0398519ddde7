import { describe } from "node:test";
import { Registry } from "prom-client";
import { assert, assertEquals } from "@std/assert";
import { createMonitor } from "@rtm/runtime-metrics";
import { deferred, now, sleep } from "../support/loop.ts";
import { scrape } from "../support/page.ts";
import { series } from "./series.ts";

const get = (path: string): Request => new Request(`http://localhost${path}`);

describe("the series of requests", () => {
  series("http_requests_total", "counts each answer under its method, route and status", async () => {
    using monitor = createMonitor({ registry: new Registry() });
    const routes = monitor.instrument({
      "/found": (_request: Request) => new Response(null),
      "/lost": (_request: Request) => new Response(null, { status: 404 }),
      "/broken": (_request: Request): Response => {
        throw new Error("out of order");
      },
    });
    const count = async (): Promise<string[]> => {
      const page = await scrape(monitor);
      return page.labels("http_requests_total").map((labels) =>
        `${labels} ${page.value(`http_requests_total${labels}`)}`
      );
    };
    assertEquals(await count(), []);
    await routes["/found"](get("/found"));
    await routes["/lost"](get("/lost"));
    await routes["/found"](new Request("http://localhost/found", { method: "POST" }));
    await routes["/found"](get("/found"));
    try {
      routes["/broken"](get("/broken"));
    } catch {
      // What the app threw is the app's; it is counted all the same.
    }
    assertEquals((await count()).sort(), [
      '{method="GET",route="/broken",status="500"} 1',
      '{method="GET",route="/found",status="200"} 2',
      '{method="GET",route="/lost",status="404"} 1',
      '{method="POST",route="/found",status="200"} 1',
    ]);
  });

  series("http_request_duration_seconds", "takes up how long each request was under way", async () => {
    using monitor = createMonitor({ registry: new Registry() });
    const handler = monitor.instrument(async (request: Request) => {
      await sleep(request.url.endsWith("/slow") ? 0.2 : 0);
      return new Response(null);
    });
    const durations = async () =>
      (await scrape(monitor)).histogram("http_request_duration_seconds", 'method="GET",route="none",status="200"');

    await handler(get("/fast"));
    const fast = await durations();
    assertEquals(fast.count, 1);
    const begin = now();
    await handler(get("/slow"));
    const elapsed = now() - begin;
    const both = await durations();
    assertEquals(both.count, 2);
    const took = both.sum - fast.sum;
    // Timers fire up to a millisecond early.
    assert(took > 0.19 && took <= elapsed, `${took} s of ${elapsed} s`);
    const within = (bound: number): number => both.buckets.find((bucket) => bucket.bound === bound)!.count;
    assertEquals([within(0.1), within(10)], [1, 2]);
  });

  series("http_requests_in_progress", "is how many have arrived and are not answered", async () => {
    using monitor = createMonitor({ registry: new Registry() });
    const gates = [deferred<Response>(), deferred<Response>()];
    let next = 0;
    const handler = monitor.instrument((_request: Request) => gates[next++]!.promise);
    const read = async (): Promise<number> =>
      (await scrape(monitor)).value('http_requests_in_progress{method="GET",route="none"}');

    const first = handler(get("/"));
    assertEquals(await read(), 1);
    const second = handler(get("/"));
    assertEquals(await read(), 2);
    gates[0]!.resolve(new Response(null));
    await first;
    assertEquals(await read(), 1);
    gates[1]!.resolve(new Response(null));
    await second;
    assertEquals(await read(), 0);
  });
});

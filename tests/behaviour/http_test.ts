import { describe } from "node:test";
import { Registry } from "prom-client";
import { assert, assertEquals } from "@std/assert";
import { createMonitor, type HttpMetric, httpMetrics, type Monitor } from "@rtm/runtime-metrics";
import { deferred, now, sleep } from "../support/loop.ts";
import { scrape } from "../support/page.ts";
import { until } from "../support/until.ts";
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
      '{method="GET",route="/broken",status="500",outcome="completed"} 1',
      '{method="GET",route="/found",status="200",outcome="completed"} 2',
      '{method="GET",route="/lost",status="404",outcome="completed"} 1',
      '{method="POST",route="/found",status="200",outcome="completed"} 1',
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
    // Each stands in every bucket that holds it, however long a busy machine made it.
    for (const { bound, count } of both.buckets) {
      assertEquals([bound, count], [bound, [fast.sum, took].filter((seconds) => seconds <= bound).length]);
    }
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

  series("http_errors_total", "counts answers of 400 and above, and no others", async () => {
    using monitor = measuring(httpMetrics.errors());
    const handler = monitor.instrument((request: Request) =>
      new Response(null, { status: Number(new URL(request.url).pathname.slice(1)) })
    );
    for (const status of [200, 302, 399]) await handler(get(`/${status}`));
    assertEquals((await scrape(monitor)).labels("http_errors_total"), []);
    for (const status of [400, 404, 500, 500]) await handler(get(`/${status}`));
    const page = await scrape(monitor);
    const count = (status: number): number =>
      page.value(`http_errors_total{method="GET",route="none",status="${status}"}`);
    assertEquals([400, 404, 500].map(count), [1, 1, 2]);
  });

  series("http_request_head_duration_seconds", "ends with the head, however long the body takes", async () => {
    using monitor = measuring(httpMetrics.headLatency(), httpMetrics.latency());
    const handler = monitor.instrument(async (_request: Request) => {
      await sleep(0.05);
      return new Response(slowBody("x", 0.3));
    });
    await (await handler(get("/"))).text();
    const page = await scrape(monitor);
    const sum = (name: string): number => page.histogram(name, 'method="GET",route="none",status="200"').sum;
    const [head, whole] = [sum("http_request_head_duration_seconds"), sum("http_request_duration_seconds")];
    // The body alone takes 0.3 s; timers fire up to a millisecond early.
    assert(head > 0.048 && whole - head > 0.29, `${head} s of ${whole} s`);
  });

  series("http_request_duration_highr_seconds", "takes up every request without telling which", async () => {
    using monitor = measuring(httpMetrics.highResolutionLatency());
    const handler = monitor.instrument(async (_request: Request) => {
      await sleep(0.12);
      return new Response(null);
    });
    const begin = now();
    await handler(get("/a"));
    await handler(new Request("http://localhost/b", { method: "POST" }));
    const elapsed = now() - begin;
    const { sum, count } = (await scrape(monitor)).histogram("http_request_duration_highr_seconds", "");
    assertEquals(count, 2);
    assert(sum > 0.23 && sum <= elapsed, `${sum} s of ${elapsed} s`);
  });

  series("http_request_size_bytes", "adds up what requests say of their sizes", async () => {
    using monitor = measuring(httpMetrics.requestSize());
    const handler = monitor.instrument((_request: Request) => new Response(null));
    const send = (length: string): Response =>
      handler(new Request("http://localhost/", { method: "POST", headers: { "content-length": length } }));
    send("7");
    send("30");
    assertEquals(await summary(monitor, "http_request_size_bytes"), [37, 2]);
    // What is no number is not known; a GET has no body unless it says so.
    send("many");
    handler(get("/"));
    const page = await scrape(monitor);
    assertEquals(
      page.labels("http_request_size_bytes_count").map((labels) =>
        page.value(`http_request_size_bytes_count${labels}`)
      ),
      [2, 1],
    );
  });

  series("http_response_size_bytes", "adds up the bytes of bodies, ready or streamed", async () => {
    using monitor = measuring(httpMetrics.responseSize());
    const handler = monitor.instrument((request: Request) =>
      new Response(request.url.endsWith("/ready") ? "häh" : slowBody("12345", 0))
    );
    await (await handler(get("/ready"))).text();
    await (await handler(get("/stream"))).text();
    // The size of a ready body is read from a copy of it, a moment later.
    const told = await until(() => summary(monitor, "http_response_size_bytes"), ([, count]) => count === 2);
    assertEquals(told, [4 + 5, 2]);
  });

  series("http_combined_size_bytes", "adds up both ways", async () => {
    using monitor = measuring(httpMetrics.combinedSize());
    const handler = monitor.instrument((_request: Request) => new Response(slowBody("12345", 0)));
    const request = new Request("http://localhost/", { headers: { "content-length": "7" } });
    await (await handler(request)).text();
    assertEquals(await summary(monitor, "http_combined_size_bytes"), [12, 1]);
  });
});

function measuring(...metrics: HttpMetric[]): Monitor {
  return createMonitor({ registry: new Registry(), http: { metrics } });
}

async function summary(monitor: Monitor, name: string): Promise<number[]> {
  const page = await scrape(monitor);
  return ["_sum", "_count"].map((suffix) => page.value(`${name}${suffix}${page.labels(`${name}${suffix}`)[0]}`));
}

/** A body whose one piece comes after a while. */
function slowBody(text: string, seconds: number): ReadableStream<Uint8Array> {
  let sent = false;
  return new ReadableStream({
    async pull(controller) {
      if (sent) return controller.close();
      sent = true;
      await sleep(seconds);
      controller.enqueue(new TextEncoder().encode(text));
    },
  }, { highWaterMark: 0 });
}

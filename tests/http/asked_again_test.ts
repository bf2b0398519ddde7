import { setTimeout as delay } from "node:timers/promises";
import { describe, it } from "node:test";
import { assertEquals } from "@std/assert";
import { inFlight, measureApp } from "../support/measured_app.ts";
import { rawRequest } from "../support/raw_client.ts";
import { serveApp } from "../support/real_server.ts";
import { until } from "../support/until.ts";

/** A router that leaves what it found with the request, as many do. */
type Routed = Request & { found?: string };

const found = (request: Routed): string | undefined => request.found;
const ask = (path = "/users/7"): Request => new Request(`http://localhost${path}`);
const errors = 'runtime_metrics_errors_total{source="http"}';

const answers: Record<string, (status: number) => Response | Promise<Response>> = {
  "at once": (status) => new Response(null, { status }),
  "later": async (status) => {
    await delay(1);
    return new Response("x", { status });
  },
  "with a stream": (status) => new Response(new Blob(["x"]).stream(), { status }),
};

describe("the route of a raw fetch handler is asked again", () => {
  for (const [name, answer] of Object.entries(answers)) {
    it(`where its router knew nothing before, and the handler answers ${name}`, async () => {
      using under = measureApp();
      const fetch = under.monitor.instrument((request: Routed) => {
        request.found = "/users/:id";
        return answer(201);
      }, { route: found });
      await (await fetch(ask())).text();
      assertEquals(await under.requests(), { "GET /users/:id 201 completed": 1 });
    });
  }

  it("where the handler throws, at once or later", async () => {
    using under = measureApp();
    for (const later of [false, true]) {
      const fetch = under.monitor.instrument((request: Routed) => {
        request.found = "/boom";
        if (!later) throw new Error("boom");
        return Promise.reject(new Error("boom"));
      }, { route: found });
      try {
        await fetch(ask());
      } catch {
        // Passed on.
      }
    }
    assertEquals(await under.requests(), { "GET /boom 500 completed": 2 });
  });

  it("where its client leaves before there is an answer", async () => {
    using under = measureApp();
    let resolve = (): void => {};
    const promise = new Promise<void>((settle) => resolve = settle);
    await using server = await serveApp(under.monitor.instrument(async (request: Routed) => {
      request.found = "/slow/:id";
      await Promise.race([promise, delay(10_000, undefined, { ref: false })]);
      return new Response("late");
    }, { route: found }));
    const client = rawRequest(`${server.url}/slow/1`);
    await until(under.page, (page) => inFlight(page) === 1);
    await delay(50);
    client.leave();
    // Deno's server tells only when the handler is done.
    await delay(100);
    resolve();
    assertEquals(await under.requests(), { "GET /slow/:id 499 aborted": 1 });
  });

  it("and what it tells last counts, here and among requests in progress", async () => {
    using under = measureApp();
    let resolve = (): void => {};
    const promise = new Promise<void>((settle) => resolve = settle);
    const fetch = under.monitor.instrument(async (request: Routed) => {
      await promise;
      request.found = "/late";
      return new Response(null, { status: 204 });
    }, { route: (request: Routed) => request.found ?? "/early" });
    const answered = fetch(ask());
    const inProgress = (route: string): string => `http_requests_in_progress{method="GET",route="${route}"}`;
    assertEquals((await under.page()).value(inProgress("/early")), 1);
    resolve();
    await answered;
    assertEquals(await under.requests(), { "GET /late 204 completed": 1 });
    const page = await under.page();
    assertEquals([page.value(inProgress("/early")), page.value(inProgress("/late"))], [0, 0]);
  });

  it("and a route that was known stays where nothing is told at the end", async () => {
    using under = measureApp();
    let asked = 0;
    const fetch = under.monitor.instrument((_: Request) => new Response(null, { status: 204 }), {
      route: () => asked++ === 0 ? "/early" : undefined,
    });
    await fetch(ask());
    assertEquals(await under.requests(), { "GET /early 204 completed": 1 });
    assertEquals(asked, 2);
  });

  it("with all that the handler was given", async () => {
    using under = measureApp();
    const fetch = under.monitor.instrument(
      (_: Request, _server: unknown, event: { route: string }) => new Response(event.route),
      { route: (_request, _server, event: { route: string }) => event.route },
    );
    await (await fetch(ask(), undefined, { route: "/users/[id]" })).text();
    assertEquals(await under.requests(), { "GET /users/[id] 200 completed": 1 });
  });

  it("and every way to fail is counted, leaves `none` behind and touches no answer", async () => {
    const failing: (() => unknown)[] = [
      () => {
        throw new Error("no idea");
      },
      () => Promise.resolve("/late"),
      () => Promise.reject(new Error("async by mistake")),
    ];
    for (const route of failing) {
      using under = measureApp();
      const fetch = under.monitor.instrument((_: Request) => new Response("fine"), { route: route as never });
      assertEquals(await (await fetch(ask("/secret"))).text(), "fine");
      await delay(1);
      assertEquals(await under.requests(), { "GET none 200 completed": 1 });
      assertEquals((await under.page()).value(errors), 2);
    }
  });

  it("also within another handler that measures: the innermost knows it best", async () => {
    using under = measureApp();
    const { monitor } = under;
    const inner = monitor.instrument((_: Request) => new Response(null, { status: 204 }), { route: () => "/inner" });
    const silent = monitor.instrument(inner, { route: () => undefined });
    const outer = monitor.instrument((request: Request) => silent(request), { route: () => "/outer" });
    await outer(ask());
    await monitor.instrument(monitor.instrument((_: Request) => new Response(null, { status: 204 })), {
      route: () => "/outer",
    })(ask());
    const patterns = { normalizePath: [[/^\/users\/\d+$/, "/users/:id"]] as const };
    await monitor.instrument(
      monitor.instrument((_: Request) => new Response(null, { status: 204 }), { route: patterns }),
    )(
      ask(),
    );
    assertEquals(await under.requests(), {
      "GET /inner 204 completed": 1,
      "GET /outer 204 completed": 1,
      "GET /users/:id 204 completed": 1,
    });
  });
});

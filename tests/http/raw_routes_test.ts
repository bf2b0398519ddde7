import { describe, it } from "node:test";
import { setTimeout as delay } from "node:timers/promises";
import { assertEquals, assertThrows } from "@std/assert";
import type { RouteOption } from "../../mod.ts";
import { inFlight, measureApp } from "../support/measured_app.ts";
import { rawRequest } from "../support/raw_client.ts";
import { serveApp } from "../support/real_server.ts";
import { until } from "../support/until.ts";

type Handler = (request: Request) => Response | Promise<Response>;

/** Which routes are counted when a raw handler, with that option, is asked for these paths? */
async function routesOf(route: RouteOption | undefined, ...paths: string[]): Promise<Record<string, number>> {
  using under = measureApp();
  const handler: Handler = () => new Response(null, { status: 204 });
  const fetch = under.monitor.instrument(handler, route === undefined ? {} : { route });
  for (const path of paths) await fetch(new Request(`http://localhost${path}`));
  const requests = await under.requests();
  return Object.fromEntries(Object.entries(requests).map(([labels, count]) => [labels.split(" ")[1]!, count]));
}

describe("the route of a raw fetch handler", () => {
  it("is none where nothing tells it, and never the raw path", async () => {
    assertEquals(await routesOf(undefined, "/", "/users/1", "/users/2?x=1", "/wp-login.php"), { none: 4 });
  });

  it("is what the function tells", async () => {
    const route = (request: Request): string | undefined =>
      new URL(request.url).pathname.startsWith("/users/") ? "/users/:id" : undefined;
    assertEquals(await routesOf(route, "/users/1", "/users/2", "/elsewhere"), { "/users/:id": 2, none: 1 });
  });

  it("is none where the function throws, or tells no text", async () => {
    const throwing = (): string => {
      throw new Error("no idea");
    };
    assertEquals(await routesOf(throwing, "/users/1"), { none: 1 });
    for (const nothing of [undefined, null, 5, "", {}, Promise.resolve("/late")]) {
      assertEquals(await routesOf(() => nothing as string, "/users/1"), { none: 1 });
    }
  });

  it("is that of the first URLPattern that fits", {
    skip: "URLPattern" in globalThis ? false : "this version of the runtime has no URLPattern",
  }, async () => {
    const Pattern = (globalThis as unknown as { URLPattern: new (init: { pathname: string }) => never }).URLPattern;
    const patterns = ["/users/me", "/users/:id", "/files/*"].map((pathname) => new Pattern({ pathname }));
    assertEquals(await routesOf(patterns, "/users/me", "/users/1?a=b", "/users/2", "/files/a/b", "/users/1/2"), {
      "/users/me": 1,
      "/users/:id": 2,
      "/files/*": 1,
      none: 1,
    });
  });

  it("is that of the first pattern that fits, whoever made the patterns", async () => {
    const pattern = (pathname: string, part: string) => ({ pathname, test: (url: string) => url.includes(part) });
    assertEquals(await routesOf([pattern("/a/:id", "/a/"), pattern("/b/:id", "/b/")], "/a/1", "/b/1", "/c/1"), {
      "/a/:id": 1,
      "/b/:id": 1,
      none: 1,
    });
  });

  it("is the path with its replacements made in their order", async () => {
    const normalizePath: [RegExp, string][] = [
      [/\/\d+/g, "/:id"],
      [/^\/users\/:id$/, "/users/:user"],
      [/^\/orders\/:id(?:\/items\/:id)?$/, "$&"],
      [/:user/, ":name"],
    ];
    assertEquals(await routesOf({ normalizePath }, "/users/1", "/users/2?page=3", "/orders/1/items/2", "/orders/3"), {
      "/users/:name": 2,
      "/orders/:id/items/:id": 1,
      "/orders/:id": 1,
    });
  });

  it("is none where no replacement fits the path, also one that a replacement within it would leave as it is", async () => {
    const normalizePath: [RegExp, string][] = [[/^\/users\/\d+$/g, "/users/:id"], [/^\/(health|ready)$/, "/$1"]];
    const raw = Array.from({ length: 50 }, (_, id) => `/wp-${id}/login.php`);
    assertEquals(await routesOf({ normalizePath }, "/users/1", "/users/2", "/health", "/users/x", "/", ...raw), {
      "/users/:id": 2,
      "/health": 1,
      none: 52,
    });
    assertEquals(await routesOf({ normalizePath: [] }, "/users/1"), { none: 1 });
  });

  it("is none where something stands beside every match, whatever the flags of the pattern", async () => {
    for (const flags of ["", "g", "i", "u", "gs"]) {
      const normalizePath: [RegExp, string][] = [[new RegExp("/users/\\d+", flags), "/users/:id"], [
        /secret/,
        "hidden",
      ]];
      const beside = ["/users/1/secret", "/x/users/1", "/users/1/users/2/", "/users/12x", "/secret"];
      assertEquals(await routesOf({ normalizePath }, "/users/1", ...beside), { "/users/:id": 1, none: 5 });
    }
    assertEquals(await routesOf({ normalizePath: [[/x*/g, ""], [/(?:)/, "/"]] }, "/users/1"), { none: 1 });
  });

  const refused: [name: string, option: unknown][] = [
    ["a text", "/users/:id"],
    ["a list of texts", ["/users/:id"]],
    ["an object without normalizePath", {}],
    ["null", null],
    ["a replacement without a pattern", { normalizePath: [["/1", "/:id"]] }],
    ["a replacement without a text", { normalizePath: [[/1/]] }],
  ];
  for (const [name, option] of refused) {
    it(`cannot be told by ${name}`, () => {
      using under = measureApp();
      const error = assertThrows(
        () => under.monitor.instrument(() => new Response(), { route: option as RouteOption }),
        TypeError,
      );
      assertEquals(
        error.message,
        "Cannot instrument: route must be a function, a list of URLPatterns, or { normalizePath: [[pattern, text], …] }",
      );
    });
  }

  it("is told in the same way behind this runtime's own server, whatever the client writes into its request", async () => {
    using under = measureApp();
    const handler: Handler = () => new Response("x");
    await using server = await serveApp(under.monitor.instrument(handler, {
      route: (request) => /^\/users\/[^/]+$/.test(new URL(request.url).pathname) ? "/users/:id" : undefined,
    }));
    for (const path of ["/users/1", "/users/%22%0A%5C", "/a%2Fb", "/?route=/users/1"]) {
      await (await fetch(server.url + path)).text();
    }
    assertEquals(await under.requests(), { "GET /users/:id 200 completed": 2, "GET none 200 completed": 2 });
  });
});

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
    // Its leave is heard before there is an answer.
    await under.settled();
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

import { describe, it } from "node:test";
import { assert, assertEquals, assertFalse, assertStrictEquals } from "@std/assert";
import { Page } from "../support/page.ts";
import { measureApp } from "../support/measured_app.ts";
import { rawRequest } from "../support/raw_client.ts";
import { runtimeName, serveApp } from "../support/real_server.ts";

type Handler = (request: Request, server?: unknown) => Response | Promise<Response>;

const ok: Handler = () => new Response("ok");
const request = (path: string, init?: RequestInit): Request => new Request(`http://localhost${path}`, init);

describe("Bun's routes, called by hand", () => {
  it("are counted under their keys: handlers, and handlers by method", async () => {
    using under = measureApp();
    const routes = under.monitor.instrument({
      "/users/:id": ok,
      "/posts": { GET: ok, POST: (() => new Response(null, { status: 201 })) as Handler },
    });
    await (await routes["/users/:id"](request("/users/7"))).text();
    await (await routes["/posts"].GET(request("/posts"))).text();
    await routes["/posts"].POST(request("/posts", { method: "POST" }));
    assertEquals(await under.requests(), {
      "GET /users/:id 200 completed": 1,
      "GET /posts 200 completed": 1,
      "POST /posts 201 completed": 1,
    });
  });

  it("keep what Bun answers by itself as it is: ready responses, also by method, files, pages, and false", () => {
    using under = measureApp();
    const page = new (class HtmlBundle {})();
    const ready = new Response("ready");
    const routes = under.monitor.instrument({
      "/": page,
      "/ready": ready,
      "/by-method": { GET: ready },
      "/off": false,
      "/none": undefined,
    });
    assertStrictEquals(routes["/"], page);
    assertStrictEquals(routes["/ready"], ready);
    assertStrictEquals(routes["/by-method"].GET, ready);
    assertStrictEquals(routes["/off"], false);
    assertStrictEquals(routes["/none"], undefined);
  });

  it("are told the server that Bun passes, and this", async () => {
    using under = measureApp();
    const seen: unknown[] = [];
    const self = { own: true };
    const routes = under.monitor.instrument({
      "/a": function (this: unknown, _: Request, server: unknown): Response {
        seen.push(this, server);
        return new Response("x");
      },
    });
    const server = { upgrade: () => true };
    await routes["/a"].call(self, request("/a"), server).text();
    assertStrictEquals(seen[0], self);
    assertStrictEquals(seen[1], server);
  });

  it("answer scrapes on a route of their own, which is not counted", async () => {
    using under = measureApp();
    const routes = under.monitor.instrument({ "/a": ok } as Record<string, Handler>, { path: "/metrics" });
    const page = await routes["/metrics"]!(request("/metrics"));
    assertEquals(page.status, 200);
    assert(new Page(await page.text()).has("runtime_info"));
    assertEquals((await routes["/metrics"]!(request("/metrics", { method: "POST" }))).status, 405);
    assertEquals(await under.requests(), {});
  });

  it("are passed through where requests are not measured", async () => {
    using under = measureApp();
    const ready = new Response("ready");
    under.monitor.stop();
    const routes = under.monitor.instrument({ "/a": ok, "/ready": ready });
    assertStrictEquals(routes["/a"], ok);
    assertStrictEquals(routes["/ready"], ready);
    assertEquals(await (await routes["/a"](request("/a"))).text(), "ok");
  });
});

describe("Bun's routes behind Bun.serve()", { skip: runtimeName === "bun" ? false : "they are Bun's" }, () => {
  it("are counted under their keys, beside the fetch handler, with all of their kinds", async () => {
    using under = measureApp();
    const routes = under.monitor.instrument({
      "/users/:id": (({ params }: Request & { params: { id: string } }) => new Response(params.id)) as Handler,
      "/posts": { GET: ok, POST: (() => new Response(null, { status: 201 })) as Handler },
      "/ready": new Response("ready"),
      "/off": false,
      "/late": (async () => {
        await new Promise((resolve) => setTimeout(resolve, 5));
        return new Response("late");
      }) as Handler,
    }, { path: "/metrics" });
    const rest = under.monitor.instrument((() => new Response("rest", { status: 404 })) as Handler);
    await using server = await serveApp(rest, { bun: { routes } });
    const ask = async (path: string, method = "GET"): Promise<string> => {
      const { status, body } = (await rawRequest(server.url + path, { method }).answer)!;
      return `${status} ${new TextDecoder().decode(body)}`;
    };
    assertEquals(await ask("/users/7"), "200 7");
    assertEquals(await ask("/users/8"), "200 8");
    assertEquals(await ask("/posts"), "200 ok");
    assertEquals(await ask("/posts", "POST"), "201 ");
    assertEquals(await ask("/ready"), "200 ready");
    assertEquals(await ask("/ready"), "200 ready");
    assertEquals(await ask("/late"), "200 late");
    assertEquals(await ask("/elsewhere/7"), "404 rest");
    assertEquals(await ask("/off"), "404 rest");
    assert((await ask("/metrics")).startsWith("200 # HELP"));
    assertEquals(await under.requests(), {
      "GET /users/:id 200 completed": 2,
      "GET /posts 200 completed": 1,
      "POST /posts 201 completed": 1,
      "GET /late 200 completed": 1,
      "GET none 404 completed": 2,
    });
  });

  it("keep a file a file: its type, its length, and parts of it", async () => {
    using under = measureApp();
    const { file } = (globalThis as unknown as { Bun: { file(path: string): Blob } }).Bun;
    const handler: Handler = () => new Response(file("package.json"));
    await using server = await serveApp(under.monitor.instrument(handler));
    await using bare = await serveApp(handler);
    for (const headers of [{}, { range: "bytes=0-9" }] as Record<string, string>[]) {
      const [ours, theirs] = await Promise.all([server, bare].map(({ url }) => rawRequest(url, { headers }).answer));
      assertEquals(ours, theirs);
      assertFalse("transfer-encoding" in ours!.headers);
    }
  });
});

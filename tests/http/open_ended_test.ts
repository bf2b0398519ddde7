import { connect, type Socket } from "node:net";
import { describe, it } from "node:test";
import { setTimeout as delay } from "node:timers/promises";
import { assertEquals } from "@std/assert";
import { streamSSE } from "hono/streaming";
import { httpMetrics, type RequestInfo } from "../../mod.ts";
import { counts, inFlight, measureApp } from "../support/measured_app.ts";
import { askForWebSocket, rawRequest } from "../support/raw_client.ts";
import { runtimeName, serveApp } from "../support/real_server.ts";
import { until } from "../support/until.ts";
import { webSocketSupport } from "../support/web_socket.ts";

/** The label sets of which durations were observed. */
const durations = "http_request_duration_seconds_count";

describe("an event stream", () => {
  for (const kind of ["Hono", "a raw handler"]) {
    it(`is counted when it opens, in flight while it is open, and never in the durations, on ${kind}`, async () => {
      const told: RequestInfo[] = [];
      using under = measureApp({ observers: [(info) => void told.push(info)] });
      under.app.get("/events", (c) =>
        streamSSE(c, async (out) => {
          while (!out.aborted) {
            await out.writeSSE({ data: "tick" });
            await out.sleep(10);
          }
        }));
      const raw = under.monitor.instrument((_: Request): Response => {
        const body = new ReadableStream({
          async pull(controller) {
            await delay(10);
            controller.enqueue(new TextEncoder().encode("data: tick\n\n"));
          },
        });
        return new Response(body, { headers: { "content-type": "text/event-stream; charset=utf-8" } });
      }, { route: () => "/events" });
      await using server = await serveApp(kind === "Hono" ? under.app.fetch : raw);
      const client = rawRequest(`${server.url}/events`);
      await client.bodyBegan;

      const open = await under.page();
      assertEquals(counts(open, "http_requests_total"), { "GET /events 200 completed": 1 });
      assertEquals(inFlight(open), 1);
      assertEquals(counts(open, "http_requests_in_progress"), { "GET /events": 1 });

      client.leave();
      const closed = await under.settled();
      assertEquals(counts(closed, "http_requests_total"), { "GET /events 200 completed": 1 });
      assertEquals(counts(closed, "http_requests_in_progress"), { "GET /events": 0 });
      assertEquals(counts(closed, durations), {});
      assertEquals(told.map(({ status, outcome, durationSeconds }) => [status, outcome, durationSeconds]), [
        ["200", "completed", undefined],
      ]);
    });
  }

  it("is counted once where it ends by itself, and where it breaks", async () => {
    using under = measureApp();
    under.app.get("/short", (c) => streamSSE(c, async (out) => await out.writeSSE({ data: "only" })));
    under.app.get("/broken", (c) => {
      c.header("content-type", "text/event-stream");
      return c.body(new ReadableStream({ pull: (controller) => controller.error(new Error("gone")) }));
    });
    assertEquals(await under.ask("/short"), [200, "data: only\n\n"]);
    await under.ask("/broken").catch(() => {});
    const page = await under.settled();
    assertEquals(counts(page, "http_requests_total"), {
      "GET /short 200 completed": 1,
      "GET /broken 200 completed": 1,
    });
    assertEquals(counts(page, durations), {});
  });

  it("is still measured to its head, which it has", async () => {
    using under = measureApp({ metrics: [httpMetrics.latency(), httpMetrics.headLatency()] });
    under.app.get("/events", (c) => streamSSE(c, async (out) => await out.writeSSE({ data: "only" })));
    await under.ask("/events");
    const page = await under.settled();
    assertEquals(counts(page, durations), {});
    assertEquals(counts(page, "http_request_head_duration_seconds_count"), { "GET /events 200": 1 });
  });

  it("has a duration like everything else where it is asked for with HEAD", async () => {
    using under = measureApp();
    under.app.get("/events", (c) => streamSSE(c, async (out) => await out.writeSSE({ data: "only" })));
    await under.ask("/events", { method: "HEAD" });
    assertEquals(counts(await under.settled(), durations), { "HEAD /events 200": 1 });
  });
});

describe("a WebSocket", () => {
  it("is counted as 101 when it opens, in no duration, and in flight no more, on Hono's adapter for this runtime", async () => {
    using under = measureApp();
    const { handler, extras } = await webSocketSupport();
    under.app.get("/rooms/:id", handler);
    await using server = await serveApp(under.app.fetch, extras);
    const { line, socket } = await askForWebSocket(`${server.url}/rooms/7`);
    assertEquals(line, "HTTP/1.1 101 Switching Protocols");
    const open = await until(under.page, (page) => page.has("http_requests_total"));
    assertEquals(counts(open, "http_requests_total"), { "GET /rooms/:id 101 completed": 1 });
    assertEquals(inFlight(open), 0);
    socket.destroy();
    await delay(50);
    const closed = await under.page();
    assertEquals(counts(closed, "http_requests_total"), { "GET /rooms/:id 101 completed": 1 });
    assertEquals(counts(closed, "http_requests_in_progress"), { "GET /rooms/:id": 0 });
    assertEquals(counts(closed, durations), {});
  });

  it("that is refused is a request like every other, with the status of its refusal", async () => {
    using under = measureApp();
    const { handler, extras } = await webSocketSupport();
    under.app.get("/guarded/:id", (c, next) => c.req.query("key") ? next() : c.text("no", 401), handler);
    under.app.get("/plain", (c) => c.text("no WebSocket here"));
    await using server = await serveApp(under.app.fetch, extras);
    const lines: string[] = [];
    for (const path of ["/guarded/7", "/plain", "/missing"]) {
      const { line, socket } = await askForWebSocket(server.url + path);
      lines.push(line.split(" ")[1]!);
      socket.destroy();
    }
    assertEquals(lines, ["401", "200", "404"]);
    assertEquals(await under.requests(), {
      "GET /guarded/:id 401 completed": 1,
      "GET /plain 200 completed": 1,
      "GET none 404 completed": 1,
    });
    assertEquals(counts(await under.page(), durations), {
      "GET /guarded/:id 401": 1,
      "GET /plain 200": 1,
      "GET none 404": 1,
    });
  });

  it("is counted as 101 for a raw handler", {
    skip: runtimeName === "node" ? "@hono/node-server upgrades connections only within Hono" : false,
  }, async () => {
    interface BunServer {
      upgrade(request: Request): boolean;
    }
    interface DenoUpgrade {
      upgradeWebSocket(request: Request): { response: Response };
    }
    using under = measureApp();
    const fetch = under.monitor.instrument((request: Request, server: BunServer): Response | undefined => {
      if (request.headers.get("upgrade") !== "websocket") return new Response("no", { status: 426 });
      if (runtimeName === "deno") {
        return (globalThis as unknown as { Deno: DenoUpgrade }).Deno.upgradeWebSocket(request).response;
      }
      return server.upgrade(request) ? undefined : new Response("no", { status: 400 });
    });
    await using server = await serveApp(fetch, { bun: { websocket: { message() {} } } });
    const { line, socket } = await askForWebSocket(server.url);
    assertEquals(line, "HTTP/1.1 101 Switching Protocols");
    await rawRequest(server.url).answer;
    const page = await under.settled();
    assertEquals(counts(page, "http_requests_total"), { "GET none 101 completed": 1, "GET none 426 completed": 1 });
    assertEquals(counts(page, durations), { "GET none 426": 1 });
    socket.destroy();
  });

  const skip = runtimeName === "node" ? false : "only @hono/node-server hands a connection over";

  it(
    "is counted as its server answers where the handler answers nothing, or what is no response",
    { skip },
    async () => {
      using under = measureApp();
      const { extras } = await webSocketSupport();
      for (const answer of [undefined, null, "text", {}, Promise.resolve(undefined)]) {
        const fetch = under.monitor.instrument((_: Request) => answer as Response, { route: () => typeof answer });
        await using server = await serveApp(fetch, extras);
        const { line, socket } = await askForWebSocket(server.url);
        assertEquals(line, "HTTP/1.1 400 Bad Request");
        socket.destroy();
      }
      const page = await under.settled();
      assertEquals(counts(page, "http_requests_total"), {
        "GET undefined 400 completed": 1,
        "GET object 400 completed": 3,
        "GET string 400 completed": 1,
      });
      assertEquals(inFlight(page), 0);
    },
  );

  it("is in flight no more where its client has left before the handler answers", { skip }, async () => {
    using under = measureApp();
    const { extras } = await webSocketSupport();
    for (const answer of [undefined, new Response("late")]) {
      let came = (_socket: Socket): void => {};
      const asked = new Promise<Socket>((resolve) => came = resolve);
      const fetch = under.monitor.instrument(async (_: Request, { incoming }: { incoming: { socket: Socket } }) => {
        came(incoming.socket);
        await until(() => Promise.resolve(incoming.socket.destroyed), (isGone) => isGone);
        // The event is over as well.
        await delay(10);
        return answer as Response;
      });
      await using server = await serveApp(fetch, extras);
      const { hostname, port, host } = new URL(server.url);
      const head = `GET / HTTP/1.1\r\nHost: ${host}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n`;
      const client = connect(Number(port), hostname, () => client.write(head));
      await asked;
      client.resetAndDestroy();
      await until(async () => inFlight(await under.page()), (count) => count === 0);
    }
    assertEquals(await under.requests(), { "GET none 499 aborted": 2 });
  });

  it("is known by its answer alone where no server is: nothing at all to who asked for an upgrade, never an empty one", async () => {
    using under = measureApp();
    const upgrade = new Request("http://localhost/", { headers: { upgrade: "WebSocket", connection: "Upgrade" } });
    const fetch = under.monitor.instrument((_: Request) => undefined as Response | undefined);
    fetch(upgrade);
    const empty = under.monitor.instrument((_: Request) => new Response(null));
    empty(upgrade.clone()); // Whoever asks for a WebSocket may be answered in the ordinary way.
    empty(new Request("http://localhost/"));
    assertEquals(await under.requests(), { "GET none 101 completed": 1, "GET none 200 completed": 2 });
  });
});

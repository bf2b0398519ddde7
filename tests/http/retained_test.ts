import { describe, it } from "node:test";
import { setTimeout as delay } from "node:timers/promises";
import { assert, assertEquals } from "@std/assert";
import { httpMetrics } from "../../mod.ts";
import { inFlight, measureApp } from "../support/measured_app.ts";
import { collectGarbage } from "../support/garbage.ts";
import { rawRequest } from "../support/raw_client.ts";
import { serveApp } from "../support/real_server.ts";
import { until } from "../support/until.ts";

describe("after a response", () => {
  it("nothing of the request is kept: neither it, nor its response, nor its body", async () => {
    using under = measureApp({
      metrics: [httpMetrics.requests(), httpMetrics.latency(), httpMetrics.responseSize()],
      fromPython: { bodyRoutes: [/./] },
      observers: [() => {}],
    });
    under.app.onError((_, c) => c.text("sorry", 500));
    under.app.get("/text", (c) => c.text("x"));
    under.app.get("/stream", () => new Response(new Blob(["x"]).stream()));
    under.app.get("/error", () => {
      throw new Error("boom");
    });
    const held: WeakRef<object>[] = [];
    const ask = async (path: string): Promise<void> => {
      const request = new Request(`http://localhost${path}`);
      const response = await under.app.fetch(request);
      held.push(new WeakRef(request), new WeakRef(response));
      await response.text();
    };
    for (let i = 0; i < 20; i++) for (const path of ["/text", "/stream", "/error", "/missing"]) await ask(path);
    assertEquals(inFlight(await under.settled()), 0);
    const alive = await until(() => {
      collectGarbage();
      return Promise.resolve(held.filter((each) => each.deref() !== undefined).length);
    }, (count) => count <= 8);
    // The last few may still stand on the stack; kept by us, all of them would be alive.
    assert(alive <= 8, `${alive} of ${held.length} are still there`);
  });

  it("nothing of it is kept behind a real server, be it answered, streamed, left, or thrown", async () => {
    using under = measureApp({
      metrics: [httpMetrics.requests(), httpMetrics.latency(), httpMetrics.responseSize()],
      observers: [() => {}],
      computedLabels: { tenant: ({ request }) => request.headers.get("tenant") ?? undefined },
    });
    const held: WeakRef<object>[] = [];
    const answers: Record<string, () => Response | Promise<Response>> = {
      "/text": () => new Response("x"),
      "/stream": () => new Response(new Blob(["x"]).stream()),
      "/slow": async () => {
        // Longer than requests stay without a listener on their signal.
        await delay(40);
        return new Response("late");
      },
      "/endless": () =>
        new Response(new ReadableStream({ pull: (c) => delay(5).then(() => c.enqueue(new Uint8Array(9))) })),
      "/thrown": () => {
        throw new Error("boom");
      },
    };
    const { error } = console;
    // Servers log what a handler throws.
    console.error = () => {};
    try {
      await using server = await serveApp(under.monitor.instrument(async (request: Request) => {
        held.push(new WeakRef(request), new WeakRef(request.signal));
        const response = await answers[new URL(request.url).pathname]!();
        held.push(new WeakRef(response));
        return response;
      }));
      for (let i = 0; i < 10; i++) {
        for (const path of Object.keys(answers)) {
          const asked = rawRequest(server.url + path);
          if (path !== "/endless") await asked.answer;
          else {
            await asked.bodyBegan;
            asked.leave();
          }
        }
        const leaver = rawRequest(`${server.url}/slow`);
        await delay(10);
        leaver.leave();
      }
      assertEquals(inFlight(await under.settled()), 0);
      const alive = await until(async () => {
        collectGarbage();
        await delay(10);
        return held.filter((each) => each.deref() !== undefined).length;
      }, (count) => count <= 12);
      // The last few may still be a runtime's own; kept by us, all of them would be alive.
      assert(alive <= 12, `${alive} of ${held.length} are still there`);
    } finally {
      console.error = error;
    }
  });
});

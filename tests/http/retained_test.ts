import { describe, it } from "node:test";
import { assert, assertEquals } from "@std/assert";
import { httpMetrics } from "../../mod.ts";
import { inFlight, measureApp } from "../support/measured_app.ts";
import { collectGarbage } from "../support/garbage.ts";
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
});

// Elysia from npm at the version that tests/frameworks/fetch pins, on real sockets: `.listen()` on Bun, its adapter on Node, `Deno.serve()`.

import { describe, it } from "node:test";
import { assertEquals, assertThrows } from "@std/assert";
import { askForWebSocket } from "../support/raw_client.ts";
import { drive } from "../support/framework_harness.ts";
import { elysiaMetrics } from "@rtm/runtime-metrics/node";
import { counted, frameworksOf, measuring, running, runtimes } from "../support/framework_apps.ts";

const { load, skip } = frameworksOf("tests/frameworks/fetch");

it("an app of Elysia that would not ask it refuses it", { skip }, () => {
  const { Elysia } = load("elysia");
  using monitor = measuring();
  assertThrows(() => new Elysia({ aot: false }).use(elysiaMetrics(monitor)), TypeError, "aot: false");
});

for (const [runtime, command] of Object.entries(runtimes)) {
  describe(`Elysia on ${runtime}`, { skip }, () => {
    const start = (...args: string[]) => running([...command, "tests/support/elysia_program.ts", ...args]);

    for (const user of ["the app", "a plugin of the app"]) {
      it(`is measured under its routes' templates, prefixes included, where ${user} uses it`, async () => {
        await using app = await start(user === "the app" ? "" : "within");
        const template = (path: string): string => path.replace("id-acme", ":tenant");
        await drive({ ...app, prefix: "/tenants/id-acme", template });
      });
    }

    it("tells every kind of route, and errors of every kind", async () => {
      await using app = await start();
      const asked = ["/fixed", "/wild/a/b", "/maybe", "/maybe/1", "/checked/a", "/checked/1", "/odd/1", "/refused/1"];
      const json = { method: "POST", headers: { "content-type": "application/json" }, body: "{" };
      const { routes } = await counted(app.url, [
        ...asked,
        ["/all/1", { method: "PUT" }],
        "/mounted/x/y",
        "/measured/in/1",
        ["/parsed/1", json],
        "/tenants/x/unknown",
        "/unknown",
      ]);
      assertEquals(
        routes,
        [
          "/all/:id 200 1",
          "/checked/:id 200 1",
          "/checked/:id 422 1",
          "/fixed 200 1",
          "/in/:id 200 1",
          "/maybe/:id? 200 2",
          "/mounted/* 200 1",
          "/odd/:id 500 1",
          "/parsed/:id 400 1",
          "/refused/:id 403 1",
          "/wild/* 200 1",
          "none 404 2",
        ],
      );
    });

    it("counts a WebSocket when it opens", {
      skip: runtime === "Bun" ? false : "there WebSockets pass the app by",
    }, async () => {
      await using app = await start("within");
      const { line, socket } = await askForWebSocket(`${app.url}/socket/1`);
      assertEquals(line.slice(0, "HTTP/1.1 101".length), "HTTP/1.1 101");
      assertEquals((await counted(app.url, [])).routes, ["/socket/:id 101 1"]);
      socket.destroy();
    });
  });
}

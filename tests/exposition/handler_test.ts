import { describe, it } from "node:test";
import { assertEquals } from "@std/assert";
import { Hono } from "hono";
import { pageHandler } from "../../src/exposition/handler.ts";

/** A handler over a page that counts how often it is made. */
function handlerOverPage(): { handler: ReturnType<typeof pageHandler>; renders: () => number } {
  let renders = 0;
  return { handler: pageHandler(() => Promise.resolve(`renders ${++renders}\n`)), renders: () => renders };
}

const request = (method: string): Request => new Request("http://localhost/anything?x=1", { method });

describe("pageHandler()", () => {
  it("answers GET with the page as Prometheus text that nobody may keep", async () => {
    const response = await handlerOverPage().handler(request("GET"));
    assertEquals(response.status, 200);
    assertEquals(response.headers.get("content-type"), "text/plain; version=0.0.4; charset=utf-8");
    assertEquals(response.headers.get("cache-control"), "no-store");
    assertEquals(await response.text(), "renders 1\n");
  });

  it("takes no request at all for a GET", async () => {
    const response = await handlerOverPage().handler();
    assertEquals([response.status, await response.text()], [200, "renders 1\n"]);
  });

  it("answers HEAD with the same headers, no body, and without making the page", async () => {
    const { handler, renders } = handlerOverPage();
    const [head, get] = [await handler(request("HEAD")), await handler(request("GET"))];
    assertEquals(head.status, 200);
    assertEquals(await head.text(), "");
    assertEquals(head.headers.get("cache-control"), get.headers.get("cache-control"));
    assertEquals(head.headers.get("content-type"), "text/plain; version=0.0.4; charset=utf-8");
    assertEquals(renders(), 1);
  });

  for (const method of ["POST", "PUT", "DELETE", "PATCH", "OPTIONS", "PURGE"]) {
    it(`answers ${method} with 405 and what is allowed, without making the page`, async () => {
      const { handler, renders } = handlerOverPage();
      const response = await handler(request(method));
      assertEquals(response.status, 405);
      assertEquals(response.headers.get("allow"), "GET, HEAD");
      assertEquals(await response.text(), "Method Not Allowed\n");
      assertEquals(renders(), 0);
    });
  }

  it("recognises a Hono context", async () => {
    const { handler } = handlerOverPage();
    const app = new Hono();
    app.all("/internal", handler);
    const get = await app.request("/internal");
    assertEquals([get.status, await get.text()], [200, "renders 1\n"]);
    assertEquals((await app.request("/internal", { method: "POST" })).status, 405);
    assertEquals(await (await app.request("/internal", { method: "HEAD" })).text(), "");
  });
});

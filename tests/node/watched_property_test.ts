import { describe, it } from "node:test";
import { assertEquals } from "@std/assert";
import { watchProperty } from "../../src/node/watched_property.ts";

describe("a property that is watched", () => {
  it("is told to each who watches, and is what it was set to", () => {
    const request: { route?: unknown; path: string } = { path: "/" };
    const told: string[] = [];
    for (const who of ["first", "second", "third"]) {
      watchProperty(request, "route", (value) => told.push(`${who} ${value}`));
      assertEquals(request.route, undefined);
    }
    request.route = "/users/:id";
    assertEquals(told, ["first /users/:id", "second /users/:id", "third /users/:id"]);
    assertEquals([request.route, { ...request }], ["/users/:id", { route: "/users/:id", path: "/" }]);
    // Who comes later sees what it is by then.
    watchProperty(request, "route", (value) => told.push(`late ${value}`));
    assertEquals([request.route, told.length], ["/users/:id", 3]);
    request.route = undefined;
    assertEquals([request.route, told.slice(3).length], [undefined, 4]);
  });

  it("goes on to be what somebody else has made of it", () => {
    const seen: unknown[] = [];
    const request = {
      get route() {
        return `${seen.at(-1)}!`;
      },
      set route(value: unknown) {
        seen.push(value);
      },
    };
    const told: unknown[] = [];
    watchProperty(request, "route", (value) => told.push(value));
    request.route = "/a";
    assertEquals([request.route, seen, told], ["/a!", ["/a"], ["/a"]]);
  });

  it("is left alone where it cannot be watched", () => {
    const request = Object.freeze({ route: "/a" });
    watchProperty(request, "route", () => {});
    assertEquals(request.route, "/a");
  });
});

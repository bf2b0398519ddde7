// Every door that measures requests says at once what is wrong with what it was given.

import { describe, it } from "node:test";
import { assertEquals, assertThrows } from "@std/assert";
import { Registry } from "prom-client";
import { createMonitor, type Monitor } from "@rtm/runtime-metrics";
import * as edge from "@rtm/runtime-metrics/edge";
import { runtimeMetrics } from "@rtm/runtime-metrics/hono";
import {
  elysiaMetrics,
  expressMetrics,
  fastifyMetrics,
  instrumentListener,
  koaMetrics,
} from "@rtm/runtime-metrics/node";

type Make = (monitor: never, options: never) => unknown;

const middlewares: Record<string, readonly [action: string, make: Make]> = {
  expressMetrics: ["Cannot make Express' middleware", expressMetrics],
  fastifyMetrics: ["Cannot make Fastify's plugin", fastifyMetrics],
  koaMetrics: ["Cannot make Koa's middleware", koaMetrics],
  elysiaMetrics: ["Cannot make Elysia's plugin", elysiaMetrics],
  runtimeMetrics: ["Cannot make the middleware", runtimeMetrics],
  "runtimeMetrics of the edge": ["Cannot make the middleware", edge.runtimeMetrics],
};

const handlers: Record<string, readonly [action: string, make: Make]> = {
  instrumentListener: [
    "Cannot instrument listener",
    (monitor, options) => instrumentListener(monitor, () => {}, options),
  ],
  "monitor.instrument": ["Cannot instrument", (monitor: Monitor, options) => monitor.instrument(() => {}, options)],
  "instrument of the edge": [
    "Cannot instrument",
    (_monitor, options) => edge.createMonitor().instrument(() => {}, options),
  ],
};

/** Refuses what was given, in these words. */
function refuses(words: string, make: Make, options: unknown, given?: unknown): void {
  using monitor = createMonitor({ registry: new Registry() });
  const made = given === undefined ? monitor : given;
  assertEquals(assertThrows(() => make(made as never, options as never), TypeError).message, words);
}

const noObject: readonly (readonly [options: unknown, got: string])[] = [
  [5, "a number"],
  ["/x", "a string of 2 characters"],
  [null, "null"],
  [["/x"], "a list"],
];

for (const [door, [action, make]] of [...Object.entries(middlewares), ...Object.entries(handlers)]) {
  const isHandler = door in handlers;
  const [known, path] = isHandler
    ? ["path, route", 'a string that begins with "/"']
    : ["path", 'false or a string that begins with "/"'];
  describe(`${door}() refuses`, () => {
    for (const [options, got] of noObject) {
      it(`options that are ${got}`, () => refuses(`${action}: options must be an object, got ${got}`, make, options));
    }

    it("an option that it does not know", () => {
      refuses(`${action}: unknown option; expected one of ${known}, got "paht"`, make, { paht: "/x" });
    });

    it("a path that is none", () => {
      refuses(`${action}: path must be ${path}, got "x"`, make, { path: "x" });
      refuses(`${action}: path must be ${path}, got 5`, make, { path: 5 });
    });

    it("what is no monitor", { skip: door.includes("instrument ") || door.includes(".") }, () => {
      for (const [given, got] of [[null, "null"], [{ path: "/x" }, "an object"], [() => {}, "a function"]]) {
        refuses(`${action}: monitor must be a monitor, got ${got}`, make, {}, given);
      }
    });

    it("nothing that is as it should be", () => {
      using monitor = createMonitor({ registry: new Registry() });
      make(monitor as never, undefined as never);
      make(monitor as never, { path: undefined } as never);
      make(monitor as never, { path: "/x" } as never);
    });
  });
}

describe("without a monitor at all", () => {
  for (const [door, [action, make]] of Object.entries({ ...middlewares, ...handlers })) {
    // These make one of their own.
    if (door.startsWith("runtimeMetrics") || door.includes("instrument ") || door.includes(".")) continue;
    it(`${door}() says so`, () => {
      const error = assertThrows(() => make(undefined as never, undefined as never), TypeError);
      assertEquals(error.message, `${action}: monitor must be a monitor, got undefined`);
    });
  }
});

// Messages that only look like those of a server, as tests of an app make them: the app behind us sees nothing of us, and no
// request stays in flight. node:events is on each runtime, and so are these tests.

import { describe, it } from "node:test";
import { EventEmitter } from "node:events";
import { setTimeout as delay } from "node:timers/promises";
import { assertEquals } from "@std/assert";
import { httpMetrics, type HttpOptions } from "@rtm/runtime-metrics";
import { expressMetrics, instrumentListener, koaMetrics } from "@rtm/runtime-metrics/node";
import { startProgram } from "../support/program.ts";
import { startable } from "../support/startable.ts";
import { counts, inFlight, measureApp, type MeasuredApp } from "../support/measured_app.ts";

// deno-lint-ignore no-explicit-any
type Any = any;

const refuse = (): never => {
  throw new Error("asked");
};

const deaf = { on() {}, emit() {}, getHeader() {}, writeHead: () => ({}), end() {}, write: () => true };

/**
 * Responses, and what is counted of a request whose listener answers through one: undefined where it tells no status, null where
 * that depends on what is measured.
 */
const responses: Record<string, [make: () => Any, counted: string | null | undefined]> = {
  "nothing": [() => undefined, undefined],
  "an empty object": [() => ({}), undefined],
  "only a status": [() => ({ statusCode: 404 }), "404"],
  "events that never come": [() => Object.assign(new EventEmitter(), { statusCode: 200 }), "200"],
  "no events": [() => ({ ...deaf, statusCode: 201, writableFinished: false, headersSent: false }), "201"],
  "no events, frozen": [() => Object.freeze({ ...deaf, statusCode: 201, writableFinished: false }), null],
  "events that refuse to be listened to": [
    () => ({ ...deaf, on: refuse, statusCode: 202, writableFinished: false }),
    "202",
  ],
  "parts that throw": [
    () =>
      Object.defineProperties({ ...deaf, statusCode: 203, writableFinished: false }, {
        stream: { get: refuse },
        socket: { get: refuse },
        headersSent: { get: refuse },
        closed: { get: refuse },
      }),
    undefined,
  ],
  "what throws when it is looked at": [
    () => new Proxy({}, { get: refuse, set: refuse, has: refuse, getPrototypeOf: refuse }),
    undefined,
  ],
};

const requests: Record<string, () => Any> = {
  "a usual one": () => ({ method: "GET", url: "/", headers: {} }),
  "nothing": () => undefined,
  "an empty object": () => ({}),
  "numbers": () => ({ method: 1, url: 2, originalUrl: 3, headers: 4, socket: 5, stream: 6, rawHeaders: 7, upgrade: 8 }),
  "odd headers": () => ({ method: "GET", url: "/", headers: null, rawHeaders: [undefined, null, 1, Symbol("x")] }),
  "a connection that is none": () => ({ method: "GET", url: "/", headers: {}, upgrade: true, socket: {} }),
  "what throws when it is looked at": () => new Proxy({}, { get: refuse, has: refuse, getPrototypeOf: refuse }),
};

const settings: Record<string, HttpOptions> = {
  "by default": {},
  "with everything": {
    metrics: [httpMetrics.requests(), httpMetrics.headLatency(), httpMetrics.responseSize(), httpMetrics.requestSize()],
    observers: [({ request }) => void request.url],
    exclude: ["/never"],
  },
};

const boom = new Error("boom");
/** What a listener may do. */
const listeners: Record<string, () => unknown> = {
  "answers": () => 7,
  "answers later": () => delay(1, 7),
  "throws": () => {
    throw boom;
  },
  "rejects": () => Promise.reject(boom),
};

async function outcomeOf(call: () => unknown): Promise<unknown> {
  try {
    return await call();
  } catch (error) {
    return error;
  }
}

/** What is counted by status, once everything that could be told has been. */
async function counted(under: MeasuredApp): Promise<string[]> {
  await delay(40);
  const page = await under.page();
  assertEquals(inFlight(page), 0);
  return page.has("http_requests_total")
    ? Object.keys(counts(page, "http_requests_total")).map((labels) => labels.split(" ")[2]!)
    : [];
}

for (const [how, http] of Object.entries(settings)) {
  describe(`a listener that is measured ${how}`, () => {
    for (const [name, [make, status]] of Object.entries(responses)) {
      for (const [what, listener] of Object.entries(listeners)) {
        it(`${what} as by itself through a response like this, and leaves: ${name}`, async () => {
          using under = measureApp(http);
          const measured = instrumentListener(under.monitor, (..._messages: Any[]) => listener(), { path: "/metrics" });
          const answer = await outcomeOf(() => measured({ method: "GET", url: "/", headers: {} }, make()));
          assertEquals(answer, await outcomeOf(listener));
          const found = await counted(under);
          if (answer === 7 && status !== null) assertEquals(found, status ? [status] : []);
        });
      }
    }

    for (const [name, make] of Object.entries(requests)) {
      it(`answers as by itself to a request like this, and leaves: ${name}`, async () => {
        using under = measureApp(http);
        const asked: unknown[] = [];
        const measured = instrumentListener(under.monitor, (...given: Any[]) => asked.push(...given), {
          path: "/metrics",
        });
        const given = Object.values(responses).flatMap(([makeResponse]) => {
          const messages = [make(), makeResponse()] as const;
          measured(...messages);
          return messages;
        });
        assertEquals(asked.length, given.length);
        assertEquals(asked.every((each, i) => each === given[i]), true);
        await counted(under);
      });
    }
  });
}

describe("a response that only looks like one, and has events", () => {
  it("ends its request when it is finished, whenever that is", async () => {
    using under = measureApp();
    const response = Object.assign(new EventEmitter(), {
      ...deaf,
      on: EventEmitter.prototype.on,
      emit: EventEmitter.prototype.emit,
      statusCode: 200,
      headersSent: false,
      writableFinished: false,
    });
    instrumentListener(under.monitor, (..._messages: Any[]) => {})({ method: "GET", url: "/", headers: {} }, response);
    await delay(40);
    assertEquals(inFlight(await under.page()), 1);
    Object.assign(response, { statusCode: 204, headersSent: true, writableFinished: true });
    response.emit("finish");
    assertEquals(await counted(under), ["204"]);
  });
});

describe("a framework's middleware in a test of the app", () => {
  for (const [name, [make]] of Object.entries(responses)) {
    it(`calls the next one, and leaves: Express, with a response: ${name}`, async () => {
      using under = measureApp();
      for (const request of [{}, Object.freeze({ method: "GET", url: "/", headers: {} })]) {
        let isCalled = false;
        expressMetrics(under.monitor)(request as Any, make(), () => isCalled = true);
        assertEquals(isCalled, true);
      }
      await counted(under);
    });

    it(`calls the next one, and leaves: Koa, with a response: ${name}`, async () => {
      using under = measureApp();
      for (
        const context of [{ req: {}, res: make() }, Object.freeze({ req: { method: "GET", url: "/" }, res: make() })]
      ) {
        let isCalled = false;
        await koaMetrics(under.monitor)(context, () => Promise.resolve(isCalled = true));
        assertEquals(isCalled, true);
      }
      await counted(under);
    });
  }
});

/** A response that throws at the nth look of another one at it while it is answered. */
function throwsAtLook(nth: number): { response: Any; answer: () => void } {
  let left = Infinity;
  const own: Any = Object.assign(new EventEmitter(), {
    ...{
      socket: new EventEmitter(),
      statusCode: 200,
      headersSent: false,
      writableEnded: false,
      writableFinished: false,
    },
    getHeader() {},
    write: () => true,
    writeHead() {
      own.headersSent = true;
    },
    end() {
      own.writableEnded = own.writableFinished = true;
      own.emit("finish");
      own.emit("close");
      return own;
    },
  });
  const response = new Proxy(own, {
    get(target, name) {
      if (left-- === 0) refuse();
      return target[name];
    },
  });
  const answer = (): void => {
    left = Infinity;
    const { write, writeHead, end } = response;
    left = nth;
    writeHead.call(response, 200);
    write.call(response, "some");
    end.call(response);
  };
  return { response, answer };
}

describe("a response that throws when it is looked at once more", () => {
  for (const [how, http] of Object.entries(settings)) {
    it(`neither harms its listener nor stays in flight, measured ${how}`, async () => {
      using under = measureApp(http);
      for (const isLater of [false, true]) {
        for (let nth = 0; nth < 40; nth++) {
          const { response, answer } = throwsAtLook(nth);
          const measured = instrumentListener(under.monitor, async (..._messages: Any[]) => {
            if (isLater) await delay(0);
            answer();
            return 7;
          });
          assertEquals(await measured({ method: "GET", url: "/", headers: {} }, response), 7);
        }
      }
      await counted(under);
    });
  }
});

describe("a listener's promise that rejects", () => {
  it("is told as unhandled by the runtime where nobody waits for it, as without us, and only there", async () => {
    const { output, errors } = await startProgram(startable("tests/support/rejecting_program.ts")).exited;
    assertEquals(output && JSON.parse(output), [
      "events, bare",
      "events, measured",
      "likeness, bare",
      "likeness, measured",
    ], errors);
  });
});

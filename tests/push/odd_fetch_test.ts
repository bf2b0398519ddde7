import { describe, it } from "node:test";
import { assert, assertEquals, assertMatch, assertThrows } from "@std/assert";
import { createMonitor } from "@rtm/runtime-metrics";
import { createPusher, type Pusher, type PusherOptions, type PushProtocol } from "@rtm/runtime-metrics/push";
import { Registry } from "prom-client";

const secret = (): never => {
  throw new Error("SECRET in message");
};

const thrower = new Proxy({}, {
  get() {
    throw 7;
  },
});

/** What somebody's `fetch` may answer that is no response. */
const answers: Record<string, () => unknown> = {
  "undefined": () => undefined,
  "null": () => null,
  "a text": () => "SECRET",
  "a status that is none": () => ({ ok: false, status: "SECRET" }),
  "a getter ok that throws": () => ({
    get ok() {
      return secret();
    },
  }),
  "a getter status that throws": () => ({
    ok: false,
    get status() {
      return secret();
    },
  }),
  "a getter headers that throws": () => ({
    ok: false,
    status: 503,
    get headers() {
      return secret();
    },
  }),
  "no headers": () => ({ ok: false, status: 503 }),
  "a Proxy that throws": () => thrower,
  "a rejection with such a Proxy": () => Promise.reject(thrower),
  "a rejection with a text": () => Promise.reject("SECRET"),
  "a thenable that throws": () => ({ then: secret }),
  "a throw": secret,
};

describe("a fetch that answers", () => {
  using monitor = createMonitor({ registry: new Registry() });
  const pusherOf = (protocol: PushProtocol, more: Partial<PusherOptions>): Pusher =>
    createPusher({ url: "http://push.example/x", protocol, job: "j", monitor, retries: 0, ...more });

  for (const [name, answer] of Object.entries(answers)) {
    it(`${name} fails with the origin and a reason of ours`, async () => {
      for (const protocol of ["pushgateway", "otlp"] as const) {
        const errors: Error[] = [];
        const fetch = (() => answer()) as never;
        const pusher = pusherOf(protocol, { fetch, onError: (error) => void errors.push(error) });
        assertEquals(await pusher.push(), false);
        assertEquals(errors.map(({ message }) => message), ["Cannot push to http://push.example: the request failed"]);
      }
    });
  }

  for (
    const body of [
      {
        get body() {
          return secret();
        },
      },
      { body: {} },
      { body: { cancel: secret, getReader: secret } },
    ]
  ) {
    it("that it took the push is believed, whatever its body is", async () => {
      for (const protocol of ["pushgateway", "otlp"] as const) {
        let sent = 0;
        const answer = Object.defineProperties(
          { ok: true, status: 200 },
          Object.getOwnPropertyDescriptors(body) as PropertyDescriptorMap,
        );
        const fetch = (() => (sent++, Promise.resolve(answer))) as never;
        assert(await pusherOf(protocol, { fetch, retries: 3 }).push());
        assertEquals(sent, 1);
      }
    });
  }

  it("a request without a context is answered, and the push told as failed", () => {
    for (
      const context of [undefined, null, {}, 5, thrower, { waitUntil: 5 }] as never[]
    ) {
      const pusher = pusherOf("pushgateway", { fetch: secret });
      pusher.pushLater(context);
      assertEquals(pusher.stats.failed, 1);
      assertMatch(pusher.stats.lastError!, /^Cannot push later: expected a context whose waitUntil takes promises$/);
      // One for all requests of an interval.
      pusher.pushLater(context);
      assertEquals(pusher.stats.failed, 1);
    }
  });

  it("a header of the connection is refused", () => {
    for (const name of ["Connection", "keep-alive", "expect", "Upgrade", "host", "transfer-encoding"]) {
      const make = () => pusherOf("otlp", { headers: { [name]: "x" } });
      assertThrows(make, TypeError, `headers.${name} must be left out: the protocol or the connection says it`);
    }
  });
});

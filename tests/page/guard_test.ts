import { describe, it } from "node:test";
import { assert, assertEquals, assertFalse, assertThrows } from "@std/assert";
import fc from "fast-check";
import { Hono } from "hono";
import { Registry } from "prom-client";
import { createMonitor, type ExpositionOptions } from "@rtm/runtime-metrics";
import { runtimeMetrics } from "@rtm/runtime-metrics/hono";
import { checkTable, refuser } from "../../src/check.ts";
import { expositionOptions } from "../../src/page/option_table.ts";
import { isSecret } from "../../src/page/credentials.ts";
import { type Guard, makeGuard } from "../../src/page/guard.ts";
import { insideRequest } from "../../src/page/internal_request.ts";
import { currentRuntime } from "../../src/runtime/detect.ts";
import { serveApp } from "../support/real_server.ts";

const variables: Record<string, string> = { TOKEN: "from-the-environment", EMPTY: "" };

function guard(options: ExpositionOptions): Guard {
  checkTable(refuser("Cannot create monitor"), options, expositionOptions, "exposition");
  return makeGuard(options, () => ({ ...currentRuntime(), environment: (name) => variables[name] }))!;
}

/** 0 where the request may pass. */
async function status(guard: Guard, authorization?: string, platform?: unknown): Promise<number> {
  const headers = authorization === undefined ? {} : { authorization };
  return (await guard(new Request("http://localhost/metrics", { headers }), platform))?.status ?? 0;
}

const basic = (text: string): string => `Basic ${btoa(String.fromCharCode(...new TextEncoder().encode(text)))}`;

describe("a guard", () => {
  it("is none where nothing is to be guarded", () => {
    assertEquals(makeGuard({ maxConcurrentScrapes: 3 }, currentRuntime), undefined);
  });

  it("lets one of the bearer tokens pass and nothing else", async () => {
    const passes = guard({ bearerToken: ["old", { variable: "TOKEN" }] });
    assertEquals(await status(passes, "Bearer old"), 0);
    assertEquals(await status(passes, "bearer   old"), 0);
    assertEquals(await status(guard({ bearerToken: { variable: "TOKEN" } }), "Bearer from-the"), 401);
    for (
      const wrong of [undefined, "", "Bearer", "Bearer ", "Bearer ol", "Bearer olds", "Basic old", "old", "Bearer OLD"]
    ) {
      assertEquals(await status(passes, wrong), 401, wrong);
    }
  });

  it("lets the right name and password pass, whatever letters they have", async () => {
    const passes = guard({ basicAuth: { username: "ada", password: "pa:ß wörd" } });
    assertEquals(await status(passes, basic("ada:pa:ß wörd")), 0);
    for (
      const wrong of [basic("ada:"), basic("ada"), basic(":pa:ß wörd"), basic("eve:pa:ß wörd"), "Basic ???", undefined]
    ) {
      assertEquals(await status(passes, wrong), 401, wrong);
    }
  });

  it("takes either where both are set, and names both", async () => {
    const passes = guard({ bearerToken: "t", basicAuth: { username: "a", password: "b" } });
    assertEquals([await status(passes, "Bearer t"), await status(passes, basic("a:b"))], [0, 0]);
    assertEquals(await passes(new Request("http://localhost/"), undefined), {
      status: 401,
      challenge: 'Basic realm="metrics", charset="UTF-8", Bearer realm="metrics"',
    });
  });

  it("asks the app, which must say true; what it throws refuses", async () => {
    const asked: unknown[] = [];
    const answers: unknown[] = [
      true,
      Promise.resolve(true),
      false,
      "yes",
      1,
      undefined,
      Promise.reject(new Error("no")),
    ];
    for (const [i, answer] of answers.entries()) {
      const passes = guard({
        authorize: (request, platform) => {
          asked.push([request instanceof Request, platform]);
          return answer as boolean;
        },
      });
      assertEquals(await status(passes, undefined, "beside"), i < 2 ? 0 : 401, String(i));
    }
    assertEquals(asked, answers.map(() => [true, "beside"]));
    const throws = guard({
      authorize: () => {
        throw new Error("secret");
      },
    });
    assertEquals(await status(throws), 401);
  });

  it("lets nobody pass without a request to look at", async () => {
    for (const options of [{ bearerToken: "t" }, { allow: ["0.0.0.0/0", "::/0"] }, { authorize: () => true }]) {
      assert(await guard(options)(undefined, undefined));
    }
  });

  it("lets addresses of the list pass, however the server tells them", async () => {
    const passes = guard({ allow: ["127.0.0.1", "10.0.0.0/8", "2001:db8::/32"] });
    const ways: ((address: string) => unknown)[] = [
      (address) => ({ incoming: { socket: { remoteAddress: address } } }),
      (address) => ({ remoteAddr: { hostname: address } }),
      (address) => ({ requestIP: () => ({ address }) }),
    ];
    for (const way of ways) {
      for (const right of ["127.0.0.1", "::ffff:127.0.0.1", "10.200.3.4", "2001:db8:1::5"]) {
        assertEquals(await status(passes, undefined, way(right)), 0, right);
      }
      for (const wrong of ["127.0.0.2", "11.0.0.1", "::1", "2001:db9::1", ""]) {
        assertEquals(await status(passes, undefined, way(wrong)), 403, wrong);
      }
    }
    for (const silent of [undefined, null, {}, { incoming: {} }, { requestIP: () => null }]) {
      assertEquals(await status(passes, undefined, silent), 403);
    }
  });

  it("adds up", async () => {
    const passes = guard({ allow: ["127.0.0.1"], bearerToken: "t", authorize: () => true });
    const here = { remoteAddr: { hostname: "127.0.0.1" } };
    assertEquals(await status(passes, "Bearer t", here), 0);
    assertEquals(await status(passes, "Bearer x", here), 401);
    assertEquals(await status(passes, "Bearer t", {}), 403);
  });

  it("is an error where its variable is not set: it must not look as if it were there", () => {
    for (const variable of ["MISSING", "EMPTY"]) {
      assertThrows(
        () => guard({ bearerToken: { variable } }),
        RangeError,
        `exposition.bearerToken must be in a variable that is set and not empty, got a string of ${variable.length} characters`,
      );
    }
  });

  it("names that variable where it is called as variables are, which no token is", () => {
    const asked = (variable: string): () => unknown => () => guard({ bearerToken: { variable } });
    assertThrows(asked("METRICS_TOKEN"), RangeError, 'that is set and not empty, got "METRICS_TOKEN"');
    for (const token of ["SECRET", "METRICS_TOKEN_2f9c", "JBSW_Y3DP", "_A_B", "eyJhbGciOi_JIUzI1"]) {
      assertThrows(asked(token), RangeError, `got a string of ${token.length} characters`);
    }
  });

  it("is an error where it is there and undefined, as a variable is that was read and is not set", () => {
    const make = (exposition: object) => () => createMonitor({ registry: new Registry(), exposition }).stop();
    const expected = "exposition.bearerToken must be a string, or { variable } with the name of one of the environment";
    assertThrows(make({ bearerToken: undefined }), TypeError, `${expected}, got undefined`);
    assertThrows(make({ bearerToken: ["t", undefined] }), TypeError, `${expected}, got undefined`);
    make({ authorize: undefined, allow: undefined, compress: undefined })();
  });
});

describe("a token that no header can hold", () => {
  it("is refused, wherever it is", () => {
    for (const token of ["tok\n", " tok", "to k", "to\u00a0k", "t\0k", "t\u20ack", "t\x7fk", "t\x85k"]) {
      const environment = (): string => token;
      for (const bearerToken of [token, ["right", token], { variable: "TOKEN" }]) {
        assertThrows(
          () => makeGuard({ bearerToken }, () => ({ ...currentRuntime(), environment })),
          RangeError,
          "exposition.bearerToken must be what a header can hold, without white space, got a string of ",
        );
      }
    }
  });

  it("is one for a password: a header holds that encoded", async () => {
    const passes = guard({ basicAuth: { username: "me you", password: " a\nb " } });
    assertEquals(await status(passes, `Basic ${btoa("me you: a\nb ")}`), 0);
  });
});

describe("isSecret()", () => {
  it("tells the same text from every other", () => {
    for (
      const [secret, given, same] of [
        ["abc", "abc", true],
        ["abc", "abd", false],
        ["abc", "ab", false],
        ["abc", "abcabc", false],
        ["abc", "", false],
        ["ä", "ä", true],
      ] as const
    ) {
      assertEquals(isSecret(secret, given), same, given);
    }
  });
});

describe("ranges of addresses", () => {
  const addressRange = currentRuntime().addressRange!;
  const inside = (range: string, address: string): boolean => addressRange(range)!(address);

  it("refuse what is no address", () => {
    for (
      const text of [
        "",
        "1.2.3",
        "1.2.3.256",
        "::1::",
        "1:2:3:4:5:6:7",
        "1:2:3:4:5:6:7:8:9",
        "g::",
        "12345::",
        "a.b.c.d",
      ]
    ) {
      assertEquals(addressRange(text), undefined, text);
      assertFalse(addressRange("::/0")!(text), text);
    }
    for (const text of ["10.0.0.0/33", "::/129", "10.0.0.0/", "10.0.0.0/8/8", "/8", "10.0.0.0/-1"]) {
      assertEquals(addressRange(text), undefined, text);
    }
  });

  it("know the same address in each of its spellings", () => {
    for (
      const [a, b] of [["::1", "0:0:0:0:0:0:0:1"], ["1.2.3.4", "::ffff:102:304"], ["fe80::1%eth0", "FE80::1"], [
        "::",
        "0::0",
      ]]
    ) {
      assert(inside(a!, b!) && inside(b!, a!), a);
    }
  });

  it("count the bits that are asked for", () => {
    assert(inside("10.1.2.0/23", "10.1.3.255"));
    assertFalse(inside("10.1.2.0/23", "10.1.4.0"));
    assert(inside("0.0.0.0/0", "255.1.2.3"));
    assertFalse(inside("0.0.0.0/0", "2001::"));
    assert(inside("::/0", "1.2.3.4"));
    assert(inside("2001:db8:8000::/33", "2001:db8:ffff::"));
    assertFalse(inside("2001:db8:8000::/33", "2001:db8:7fff::"));
  });

  it("hold IPv4 and the same address as IPv6 maps it, either way", () => {
    for (const range of ["10.0.0.0/8", "::ffff:10.0.0.0/104", "::ffff:a00:0/104"]) {
      for (const address of ["10.1.2.3", "::ffff:10.1.2.3", "::ffff:a01:203", "0:0:0:0:0:ffff:a01:203"]) {
        assert(inside(range, address), `${address} in ${range}`);
      }
      for (const address of ["11.1.2.3", "::ffff:11.1.2.3", "::10.1.2.3", "a00::"]) {
        assertFalse(inside(range, address), `${address} in ${range}`);
      }
    }
  });

  it("hold what the bits say, for any addresses", () => {
    const bytesOf = (address: string): number => address.split(".").reduce((sum, part) => sum * 256 + Number(part), 0);
    fc.assert(fc.property(fc.ipV4(), fc.ipV4(), fc.nat(32), (range, address, bits) => {
      const size = 2 ** (32 - bits);
      const expected = Math.floor(bytesOf(range) / size) === Math.floor(bytesOf(address) / size);
      assertEquals(inside(`${range}/${bits}`, address), expected);
      assertEquals(inside(`::ffff:${range}/${bits + 96}`, address), expected);
    }));
  });

  it("are refused where the runtime has none", () => {
    const { addressRange: _, ...runtime } = currentRuntime();
    assertThrows(
      () => makeGuard({ allow: ["10.0.0.1"] }, () => runtime),
      TypeError,
      'exposition.allow must not be given where the runtime has no BlockList of node:net, got "10.0.0.1"',
    );
  });
});

describe("a guarded page", () => {
  it("is 401 with a challenge and not a word more, by each way to it", async () => {
    using monitor = createMonitor({ registry: new Registry(), exposition: { bearerToken: "t0ken" } });
    const app = new Hono();
    app.use(runtimeMetrics(monitor));
    app.get("/other", monitor.handler);
    const raw = monitor.instrument((_: Request) => new Response("app"), { path: "/metrics" });
    const right = { headers: { authorization: "Bearer t0ken" } };
    for (
      const ask of [
        (init: RequestInit) => app.request("/metrics", init),
        (init: RequestInit) => app.request("/other", init),
        (init: RequestInit) => raw(new Request("http://localhost/metrics", init)),
      ]
    ) {
      for (const method of ["GET", "HEAD"]) {
        const refused = await ask({ method });
        assertEquals(refused.status, 401);
        assertEquals(refused.headers.get("www-authenticate"), 'Bearer realm="metrics"');
        assertEquals(refused.headers.get("cache-control"), "no-store");
        assertEquals(await refused.text(), method === "GET" ? "Unauthorized\n" : "");
        assertEquals((await ask({ method, ...right })).status, 200);
      }
    }
    assertEquals((await monitor.handler()).status, 401);
  });

  it("knows the other end's address on a real server, by each way to it", async () => {
    for (const [allow, expected] of [[["127.0.0.0/8"], 200], [["10.0.0.0/8"], 403]] as const) {
      using monitor = createMonitor({ registry: new Registry(), exposition: { allow } });
      const app = new Hono();
      app.use(runtimeMetrics(monitor));
      for (
        const fetchHandler of [
          app.fetch,
          monitor.instrument((_: Request) => new Response("app"), { path: "/metrics" }),
        ]
      ) {
        await using server = await serveApp(fetchHandler as never);
        const response = await fetch(`${server.url}/metrics`);
        await response.text();
        assertEquals(response.status, expected);
      }
    }
  });
});

describe("the options of exposition", () => {
  const wrong: [options: unknown, Class: typeof TypeError | typeof RangeError, message: string][] = [
    [5, TypeError, "exposition must be an object, got a number"],
    [{ token: "x" }, TypeError, "unknown option in exposition; expected one of authorize, bearerToken"],
    [{ authorize: true }, TypeError, "exposition.authorize must be a function, got true"],
    [{ bearerToken: "" }, RangeError, "exposition.bearerToken must have something in it, got a string of 0 characters"],
    [{ bearerToken: [] }, RangeError, "exposition.bearerToken must be one token at least, got a list"],
    [{ bearerToken: 7 }, TypeError, "exposition.bearerToken must be a string, or { variable }"],
    [{ bearerToken: { variable: "" } }, TypeError, "exposition.bearerToken must be a string, or { variable }"],
    [{ basicAuth: "a:b" }, TypeError, "exposition.basicAuth must be an object, got a string of 3 characters"],
    [{ basicAuth: { username: "a:b", password: "c" } }, RangeError, "exposition.basicAuth.username must have"],
    [{ basicAuth: { username: "a" } }, TypeError, "exposition.basicAuth.password must be a string, or { variable }"],
    [{ basicAuth: { username: "a", password: "b", realm: "c" } }, TypeError, "unknown option in exposition.basicAuth"],
    [{ allow: "::1" }, TypeError, 'exposition.allow must be a list of addresses, got "::1"'],
    [{ allow: [] }, RangeError, "exposition.allow must be one address at least, since an empty list lets nobody in"],
    [{ allow: ["localhost"] }, RangeError, "exposition.allow must be addresses such as 10.0.0.0/8 or ::1"],
    [{ allow: [1] }, TypeError, "exposition.allow must be addresses, got 1"],
    [{ maxConcurrentScrapes: 0 }, RangeError, "exposition.maxConcurrentScrapes must be a whole number of at least 1"],
    [{ maxConcurrentScrapes: "1" }, TypeError, "exposition.maxConcurrentScrapes must be a number"],
    [
      { collectTimeoutSeconds: 0 },
      RangeError,
      "exposition.collectTimeoutSeconds must be above 0 and at most 300, got 0",
    ],
    [{ collectTimeoutSeconds: null }, TypeError, "exposition.collectTimeoutSeconds must be a number, got null"],
    [{ created: 1 }, TypeError, "exposition.created must be true or false, got 1"],
    [{ compress: "gzip" }, TypeError, 'exposition.compress must be true or false, got "gzip"'],
  ];
  for (const [options, Class, message] of wrong) {
    it(`are refused at once: ${JSON.stringify(options)}`, () => {
      assertThrows(
        () => createMonitor({ registry: new Registry(), exposition: options as ExpositionOptions }),
        Class,
        `Cannot create monitor: ${message}`,
      );
    });
  }
});

describe("insideRequest", () => {
  it("passes every guard, for who sends the page out itself; what only looks like it does not", async () => {
    const exposition = { bearerToken: "t", allow: ["10.0.0.1"], authorize: () => false };
    using monitor = createMonitor({ registry: new Registry(), exposition });
    assertEquals((await monitor.handler(insideRequest)).status, 200);
    assertEquals((await monitor.handler({ method: "GET" })).status, 403);
  });
});

import { describe, it } from "node:test";
import { assertFalse, assertInstanceOf, assertMatch, assertThrows } from "@std/assert";
import { createMonitor } from "@rtm/runtime-metrics";
import { createPusher } from "@rtm/runtime-metrics/push";
import { Registry } from "prom-client";
import { makeGuard } from "../../src/page/guard.ts";
import { currentRuntime } from "../../src/runtime/detect.ts";

const secret = "SECRET";
const talker = Object.assign(() => {}, { toString: () => secret });

/** Each is of a wrong kind where a text is expected, and would tell the secret if it were quoted. */
const odd: readonly unknown[] = [
  [secret],
  [[secret]],
  [[[secret, secret]]],
  Symbol(secret),
  new Map([[secret, secret]]),
  new Set([secret]),
  Object(secret),
  { [secret]: secret },
  { toString: () => secret },
  talker,
  1234567890n,
  1234567890,
];

/** What no error may hold. */
const quoted = /SECRET|1234567890/;

function assertHides(make: () => unknown, what: string): void {
  const error = assertThrows(make) as Error;
  for (let each: unknown = error; each !== undefined; each = (each as Error).cause) {
    assertInstanceOf(each, Error);
    assertFalse(quoted.test(`${each.message} ${each.stack?.split("\n    at ")[0]}`), `${what}: ${each.message}`);
  }
  // It tells what came all the same.
  assertMatch(error.message, /, got (undefined|null|an? (?!\[)[^"[]+)$/, what);
}

const cyclic: unknown[] = [secret];
cyclic.push(cyclic);

describe("an error of createMonitor()", () => {
  const make = (exposition: unknown) => () =>
    createMonitor({ registry: new Registry(), exposition: exposition as never });

  it("quotes nothing that stands where a secret belongs", () => {
    for (const [i, value] of [...odd, cyclic].entries()) {
      // A list of texts is one of tokens.
      if (i > 0) assertHides(make({ bearerToken: value }), `bearerToken ${i}`);
      assertHides(make({ bearerToken: [value] }), `bearerToken in a list ${i}`);
      assertHides(make({ bearerToken: { variable: value } }), `variable ${i}`);
      assertHides(make({ basicAuth: { username: "u", password: value } }), `password ${i}`);
      assertHides(make({ basicAuth: { username: value, password: "p" } }), `username ${i}`);
      assertHides(make({ basicAuth: value }), `basicAuth ${i}`);
      if (typeof value !== "function") assertHides(make({ authorize: value }), `authorize ${i}`);
    }
    assertHides(make({ basicAuth: `u:${secret}` }), "a text for basicAuth");
    assertHides(make({ basicAuth: { username: `u:${secret}`, password: "p" } }), "a colon in username");
    assertHides(make({ authorize: `Bearer ${secret}` }), "a text for authorize");
    for (const given of [secret, [secret], `Bearer ${secret}`]) assertHides(make(given), "no options");
  });

  it("quotes no token that was given in place of the name of its variable", () => {
    for (const odd of ["", "=", "==", "\0", "\n", "ä"]) {
      assertHides(make({ bearerToken: { variable: secret + odd } }), `bearerToken ${odd}`);
    }
    assertHides(make({ basicAuth: { username: "u", password: { variable: secret } } }), "password");
    const environment = (): string => "";
    assertHides(
      () => makeGuard({ bearerToken: { variable: secret } }, () => ({ ...currentRuntime(), environment })),
      "an empty variable",
    );
  });

  it("says of a list within itself that it is one", () => {
    assertThrows(
      () => createMonitor({ registry: new Registry(), prefix: cyclic as never }),
      TypeError,
      'prefix must be a string, got ["SECRET", a list]',
    );
  });
});

describe("an error of createPusher()", () => {
  const monitor = { handler: () => Promise.resolve(new Response()), snapshot: () => ({}) };
  const make = (options: unknown) => () =>
    createPusher({ url: "http://h", protocol: "pushgateway", job: "j", monitor, ...(options as object) });

  it("quotes nothing that stands where a secret belongs", () => {
    for (const [i, value] of [...odd, cyclic].entries()) {
      assertHides(make({ url: value }), `url ${i}`);
      assertHides(make({ headers: { authorization: value } }), `a header ${i}`);
      // Others have no entries, or names of headers for keys.
      if (![6, 7, 8, 9].includes(i)) assertHides(make({ headers: value }), `headers ${i}`);
      if (typeof value !== "function") assertHides(make({ fetch: value }), `fetch ${i}`);
    }
    for (const url of [secret, `${secret}:x`, `u:${secret}@h`, `ftp://u:${secret}@h`, `http://u:${secret}@h:x`]) {
      assertHides(make({ url }), url);
      assertHides(make({ fetch: url }), url);
    }
    assertHides(make({ headers: [["authorization", `Bearer ${secret}`]] }), "pairs");
    assertHides(make({ headers: `authorization: Bearer ${secret}` }), "a text");
    assertHides(make({ headers: { [`authorization: ${secret}`]: "" } }), "a name that is none");
    assertHides(make({ headers: { authorization: `Bearer ${secret}\n` } }), "a line break");
    for (const given of [`http://u:${secret}@h`, [`http://u:${secret}@h`], Symbol(secret)]) {
      assertHides(() => createPusher(given as never), "no options");
    }
  });
});

import { Buffer } from "node:buffer";
import { describe, it } from "node:test";
import { assert, assertEquals, assertFalse } from "@std/assert";
import { createMonitor } from "@rtm/runtime-metrics";
import { createPusher } from "@rtm/runtime-metrics/push";
import { Registry } from "prom-client";
import { withoutCredentials } from "../../src/push/credentials.ts";
import { serveApp } from "../support/real_server.ts";

const basic = (text: string): string => `Basic ${Buffer.from(text).toString("base64")}`;

describe("credentials in an address", () => {
  it("become a header, as their owner wrote them, and leave the address", () => {
    for (
      const [user, text] of [
        ["me:secret", "me:secret"],
        ["me", "me:"],
        [":secret", ":secret"],
        ["a%40b:p%3Aw%2Fd", "a@b:p:w/d"],
        ["j%C3%BCrgen:%E2%82%AC", "jürgen:€"],
        ["me:100%25", "me:100%"],
        ["me:100%", "me:100%"],
        ["me:%ff", "me:%ff"],
      ] as const
    ) {
      const { url, headers } = withoutCredentials(`http://${user}@push.example:9091/a?b=c`, { "x-scope": "1" });
      assertEquals([url.href, headers], ["http://push.example:9091/a?b=c", {
        "x-scope": "1",
        authorization: basic(text),
      }]);
    }
  });

  it("leave a header alone that was given", () => {
    const given = { Authorization: "Bearer x" };
    assertEquals(withoutCredentials("http://me:secret@host/", given).headers, given);
    assertEquals(withoutCredentials("http://host/", {}).headers, {});
  });
});

describe("a pusher whose address has a password", () => {
  it("pushes, with the password in a header", async () => {
    using monitor = createMonitor({ registry: new Registry() });
    const seen: (string | null)[] = [];
    await using server = await serveApp((request) => {
      seen.push(request.headers.get("authorization"));
      return new Response(null, { status: 202 });
    });
    const { port } = new URL(server.url);
    const url = `http://me:p%40ss@127.0.0.1:${port}`;
    const pusher = createPusher({ url, protocol: "pushgateway", job: "api", monitor });
    assert(await pusher.push(), pusher.stats.lastError);
    assertEquals(seen, [basic("me:p@ss")]);
  });

  it("tells it to nobody where the push fails", async () => {
    using monitor = createMonitor({ registry: new Registry() });
    const echo = (request: Request) => new Response(request.headers.get("authorization"), { status: 401 });
    await using server = await serveApp(echo);
    const gone = await serveApp(echo);
    await gone.stop();
    const errors: string[] = [];
    for (const [url, reason] of [[server.url, "401"], [gone.url, "the connection was refused"]] as const) {
      const pusher = createPusher({
        url: url.replace("http://", "http://me:hidden@"),
        protocol: "victoriametrics",
        job: "api",
        monitor,
        retries: 0,
        headers: { "x-token": "hidden" },
        onError: (error) => errors.push(`${error} ${error.stack} ${error.cause}`),
      });
      assertFalse(await pusher.push());
      assert(pusher.stats.lastError?.includes(reason), pusher.stats.lastError);
      errors.push(pusher.stats.lastError!);
    }
    assertEquals(errors.length, 4);
    for (const text of errors) assertFalse(/hidden|bWU6/.test(text), text);
  });
});

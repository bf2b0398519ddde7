import { describe, it } from "node:test";
import { createServer } from "node:http";
import { connect as connectHttp2, createServer as createHttp2Server } from "node:http2";
import { type AddressInfo, connect } from "node:net";
import { assertEquals, assertMatch } from "@std/assert";
import { Registry } from "prom-client";
import { createMonitor } from "@rtm/runtime-metrics";
import { type LivePage, livePage } from "@rtm/runtime-metrics/live";
import { toNodeListener } from "@rtm/runtime-metrics/node";
import { runtimeName, serveApp } from "../support/real_server.ts";

const local = { remoteAddr: { hostname: "127.0.0.1" } };

/** The status of the page with nothing to guard it. */
async function statusOf(headers: Record<string, string>, platform: unknown = local, url = "/live"): Promise<number> {
  using monitor = createMonitor({ registry: new Registry() });
  using live = livePage(monitor);
  const request = { method: "GET", url: `http://localhost${url}`, headers: new Headers(headers) };
  return (await live.handler(request as unknown as Request, platform)).status;
}

/** The status over HTTP/2 by a name, without TLS. */
function askHttp2(url: string, authority: string): Promise<number> {
  const session = connectHttp2(url);
  return new Promise<number>((resolve, reject) => {
    session.once("error", reject);
    const stream = session.request({ ":path": "/live?format=json", ":authority": authority });
    stream.once("error", reject);
    stream.once("response", (head) => resolve(Number(head[":status"])));
    stream.resume();
    stream.end();
  }).finally(() => session.destroy());
}

describe("who may look at a live page that nothing guards", () => {
  it("is whoever asks from this machine by a local name", async () => {
    for (const address of ["127.0.0.1", "127.8.9.1", "::1", "::ffff:127.0.0.1", "::ffff:7f00:1"]) {
      assertEquals(await statusOf({ host: "localhost" }, { remoteAddr: { hostname: address } }), 200, address);
    }
    for (const host of ["localhost", "LOCALHOST:3000", "api.localhost:80", "127.0.0.1:3000", "127.1.2.3", "[::1]:1"]) {
      assertEquals(await statusOf({ host }), 200, host);
    }
  });

  it("is nobody by another name, as a page of the web has whose name was made to point here", async () => {
    const hosts = ["evil.example", "localhost.evil.example", "127.0.0.1.nip.io:3000", "evillocalhost", "0.0.0.0:3000"];
    hosts.push("localhost:80:80", "localhost@evil.example", "[::1].evil.example", "10.0.0.7", "", "[::]", "localhost.");
    for (const host of hosts) assertEquals(await statusOf({ host }), 403, host);
  });

  it("is nobody from elsewhere, nor over what tells no address", async () => {
    const others: unknown[] = [null, {}, { requestIP: () => null, timeout() {} }];
    for (const hostname of ["10.0.0.7", "::ffff:10.0.0.7", "::", "0.0.0.0", "128.0.0.1", "fe80::1", "127.0.0.1.evil"]) {
      others.push({ remoteAddr: { hostname } });
    }
    // Sockets of Unix and of virtual machines, as Deno tells them.
    others.push({ remoteAddr: { transport: "unix", path: "/run/app.sock" } });
    others.push({ remoteAddr: { transport: "vsock", cid: 2, port: 3000 } });
    for (const [i, platform] of others.entries()) {
      assertEquals(await statusOf({ host: "localhost" }, platform), 403, `${i}`);
    }
  });

  it("is nobody for whom a proxy asks that says so", async () => {
    const said = ["Forwarded", "Via", "X-Forwarded-For", "X-Forwarded-Host", "X-Forwarded-Proto", "X-Real-IP"];
    said.push("CF-Connecting-IP", "True-Client-IP", "X-Client-IP", "X-Forwarded-Server", "X-Forwarded-Port");
    for (const name of said) assertEquals(await statusOf({ host: "localhost", [name]: "" }), 403, name);
  });

  it("is told what to change, unless another origin asks", async () => {
    using monitor = createMonitor({ registry: new Registry() });
    using live = livePage(monitor);
    const refused = async (headers: Record<string, string>): Promise<string> =>
      await (await live.handler(new Request("http://evil.example/live", { headers }))).text();
    assertMatch(await refused({}), /^Forbidden: exposition guards nothing, .+\n$/);
    assertEquals(await refused({ origin: "https://evil.example" }), "Forbidden\n");
  });

  // Bun serves no HTTP/2 (1.4.5).
  it("is whoever asks over HTTP/2 as well", { skip: runtimeName === "bun" }, async () => {
    using monitor = createMonitor({ registry: new Registry() });
    using live = livePage(monitor);
    const check = async (url: string): Promise<void> => {
      assertEquals(await askHttp2(url, new URL(url).host), 200);
      assertEquals(await askHttp2(url, "evil.example"), 403);
    };
    if (runtimeName === "deno") {
      await using server = await serveApp(live.handler);
      return await check(server.url);
    }
    const server = createHttp2Server(toNodeListener(live.handler) as never);
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    await check(`http://127.0.0.1:${(server.address() as AddressInfo).port}`).finally(() => server.close());
  });

  it("is nobody who speaks HTTP/1.0 to a server of Node, as a proxy does that says nothing", async () => {
    using monitor = createMonitor({ registry: new Registry() });
    using live = livePage(monitor);
    const statuses = await statusesOfVersions(live);
    assertEquals(statuses, ["200", "403"]);
  });
});

/** What a server of `node:http` answers to HTTP/1.1, and to HTTP/1.0. */
async function statusesOfVersions(live: LivePage): Promise<string[]> {
  const server = createServer(toNodeListener(live.handler));
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const ask = (version: string): Promise<string> =>
    new Promise((resolve, reject) => {
      const socket = connect((server.address() as AddressInfo).port, "127.0.0.1");
      socket.once("error", reject);
      socket.once("data", (head) => (resolve(String(head).split(" ")[1]!), socket.destroy()));
      socket.write(`GET /live?format=json HTTP/${version}\r\nHost: localhost\r\n\r\n`);
    });
  try {
    return [await ask("1.1"), await ask("1.0")];
  } finally {
    server.closeAllConnections();
    server.close();
  }
}

// What strangers send to a server, byte by byte, and what has to stand on the page afterwards.

import { Buffer } from "node:buffer";
import { connect } from "node:net";
import { assertEquals } from "@std/assert";
import type { FrameworkApp } from "./framework_harness.ts";
import { Page } from "./page.ts";
import { until } from "./until.ts";

/** Stands in everything that a stranger writes: in a label it would show that a raw text came there. */
const mark = "id-";

/** The only ones that have a name. */
const methods = ["GET", "HEAD", "POST", "PUT", "DELETE", "CONNECT", "OPTIONS", "TRACE", "PATCH", "_OTHER"];

/** Heads of requests to an app, without the line that ends them; each comes over a connection of its own. */
function heads(at: string, user: (id: string) => string, own: readonly string[]): string[] {
  const get = (target: string): string => `GET ${target} HTTP/1.1\r\nHost: localhost\r\n`;
  const paths = [
    // What is encoded, well or not.
    ..."%ff % %E0%A4%A %00 %0d%0a %2e%2e %2F%2F %5c %252F %C3%A9 %u0041 \u00e9 \u{1f600}".split(" ")
      .flatMap((odd) => [user(`id-${odd}`), `${at}/id-${odd}`, `/id-${odd}/x`]),
    // What is no path that anybody meant.
    ...[
      `/`,
      `//`,
      `///id-a`,
      `//id-host/metrics`,
      `/${at}/users/id-a`,
      `${at}//users//id-a`,
      `${at}/users//`,
      `${at}/users/`,
    ],
    ...[
      user("../id-a"),
      user("id-a/.."),
      user("./id-a"),
      `/../../id-a`,
      `${at}/../id-a`,
      `/.`,
      `/..id-a`,
    ],
    ...[
      user("id-a/"),
      `${at}/USERS/id-a`,
      user("id-a/id-b/id-c"),
      user("id-a;id-b=1"),
      user("id-a.json"),
    ],
    ...[
      user("id-\\..\\id-b"),
      `/\\id-a`,
      `/id-"quoted"`,
      `/id-{x}`,
      `/id-<b>`,
      `/id-|^\`'`,
      `/id-$&`,
      `/id-*`,
      `/(id-|x)+`,
    ],
    ...[
      user(":id-a"),
      user(":id?id-a=b"),
      `/:id-a/*id-b`,
      user("id-a#id-b"),
      user("id-a?id-b=//../%ff"),
    ],
    ...["__proto__", "constructor", "toString", "hasOwnProperty"].flatMap((
      name,
    ) => [`/${name}/id-a`, user(name)]),
    // What is like the page.
    ...[
      "//metrics?id-a",
      "/metrics/id-a",
      "/metrics%2fid-a",
      "/./metrics;id-a",
      "/METRICS?id-a",
      "/metrics#id-a",
      "/id-a/../metrics",
    ],
    // What is long.
    ...[
      user(`id-${"a".repeat(7_000)}`),
      `/id-${"a/".repeat(3_000)}`,
      `/id-${"%2e%2e/".repeat(900)}`,
      `/id-${"/".repeat(5_000)}`,
    ],
    ...[user(`id-${"a".repeat(100_000)}`), `/?${"id-a[]=1&".repeat(20_000)}`],
  ];
  const targets = [
    ...[
      "http://id-host/id-a",
      "http://id-host",
      "http://id-host?id-a",
      "http:///id-a",
      "HTTP://ID-HOST/ID-A",
      "https://id-host//id-a",
    ],
    ...[
      "http://id-u:id-p@id-host:99999/id-a",
      "ftp://id-host/id-a",
      "id-a",
      "id-a:80",
      "*",
      "?id-a",
      "http://id-host\\id-a/users",
    ],
    `http://id-host${user("id-a")}`,
  ];
  const named = [
    ..."PROPFIND PURGE M-SEARCH REPORT LINK QUERY ID-METHOD get id-a TRACE OPTIONS DELETE PATCH".split(" ")
      .flatMap((method) => [user("id-a"), "/id-a"].map((path) => `${method} ${path} HTTP/1.1\r\nHost: localhost\r\n`)),
    "OPTIONS * HTTP/1.1\r\nHost: localhost\r\n",
    "CONNECT id-host:443 HTTP/1.1\r\nHost: id-host\r\n",
  ];
  const hosts = [
    "",
    "id-host/id-a?",
    "id-a b",
    "[::1",
    "id-\u00e9",
    "id-a,id-b",
    "id-a:99999",
    "id-u@id-h",
    `id-${"a".repeat(5_000)}`,
    "id-a\r\nHost: id-b",
  ]
    .map((host) => `GET ${user("id-a")} HTTP/1.1\r\nHost: ${host}\r\n`);
  const lines = [
    "X-HTTP-Method-Override: ID-METHOD",
    "X-Forwarded-Prefix: /id-a",
    "X-Original-URL: /id-a",
    "X-Rewrite-Url: /id-a",
    "Forwarded: host=id-a;proto=id-b",
    "traceparent: 00-id-a",
    "Accept-Version: id-a",
    "Accept: id-a/id-b, */*;q=id-c",
    "Range: id-a",
    "Cookie: id-a; id-b=%ff",
    "Expect: id-a",
    "Upgrade: id-a\r\nConnection: upgrade",
    "Content-Length: -1",
    "Transfer-Encoding: id-a",
    "id-a : b",
    "id-\u00e9: b",
    `Id-A: ${"a".repeat(100_000)}`,
    ...Array.from({ length: 3 }, (_, i) => Array.from({ length: 30 * 8 ** i }, (_, n) => `Id-${n}: id-a`).join("\r\n")),
  ].map((line) => `GET ${user("id-a")} HTTP/1.1\r\nHost: localhost\r\n${line}\r\n`);
  const versions = ["HTTP/1.0", "HTTP/0.9", "HTTP/2.0", "HTTP/9.9", "ID-A/1.1", ""].map((version) =>
    `GET /id-a ${version}\r\nHost: localhost\r\n`
  );
  return [
    ...[...paths, ...targets, ...own].map(get),
    ...named,
    ...hosts,
    ...lines,
    ...versions,
    "id-a\r\n",
    "\u0016\u0003\u0001\u0002id-a\r\n",
  ];
}

/** Sends one head, and tells the status that came of it; 0 where none came. */
function statusOf(url: string, head: string): Promise<number> {
  const { hostname, port } = new URL(url);
  return new Promise((resolve) => {
    let text = "";
    const socket = connect(Number(port), hostname, () => socket.write(Buffer.from(`${head}Connection: close\r\n\r\n`)));
    socket.setTimeout(10_000, () => socket.destroy());
    socket.on("data", (data) => text += data.toString("latin1"));
    socket.on("error", () => {});
    socket.on("close", () => resolve(Number(/^HTTP\/1\.[01] (\d+)/.exec(text)?.[1] ?? 0)));
  });
}

/** Sends requests one behind the other, without waiting for answers, over one connection. */
async function pipeline(url: string, paths: readonly string[]): Promise<Map<number, number>> {
  const { hostname, port } = new URL(url);
  const statuses = new Map<number, number>();
  const socket = connect(Number(port), hostname);
  let [seen, rest] = [0, ""];
  let went = (): void => {};
  const closed = new Promise<never>((_, reject) => {
    socket.on("error", reject);
    socket.on("close", () => reject(new Error(`The connection was closed after ${seen} answers`)));
  });
  closed.catch(() => {});
  socket.on("data", (data) => {
    rest += data.toString("latin1");
    let end = 0;
    for (const match of rest.matchAll(/HTTP\/1\.1 (\d{3}) /g)) {
      const status = Number(match[1]);
      seen++;
      statuses.set(status, (statuses.get(status) ?? 0) + 1);
      end = match.index + match[0].length;
    }
    // A first line may come in two pieces.
    rest = rest.slice(Math.max(end, rest.length - 12));
    went();
  });
  try {
    for (let at = 0; at < paths.length; at += 200) {
      const batch = paths.slice(at, at + 200);
      socket.write(batch.map((path) => `GET ${path} HTTP/1.1\r\nHost: localhost\r\n\r\n`).join(""));
      while (seen < at + batch.length) await Promise.race([closed, new Promise<void>((resolve) => went = resolve)]);
    }
  } finally {
    socket.destroy();
  }
  return statuses;
}

/** An app under attack. */
export interface AttackedApp extends FrameworkApp {
  /** Where a user is asked for; `/users/` below the prefix where that is not said. It answers 200, or is not found. */
  user?: (id: string) => string;
  /** What only this framework is asked. */
  own?: readonly string[];
  /** Every template that may stand on the page beside `none`, whole. */
  routes: readonly string[];
}

/**
 * Attacks an app on its real socket, and checks that nothing of what was sent became a label or stayed in flight, that the
 * app is still there, and that the count of series does not grow with what is sent.
 *
 * @param app The app: a user is answered, and what no route matches is not found.
 * @param paths How many different paths come over one connection.
 */
export async function attack(app: AttackedApp, paths: number): Promise<void> {
  const { url, prefix = "", user = (id) => `${prefix}/users/${id}`, own = [], routes } = app;
  const pageNow = async (): Promise<Page> => new Page(await (await fetch(`${url}/metrics`)).text());
  // What they are refused with differs from server to server; not to be answered at all is a server's right, too.
  for (const head of heads(prefix, user, own)) await statusOf(url, head);
  const before = await until(pageNow, (page) => inFlightOf(page) === 0);

  const different = Array.from(
    { length: paths },
    (_, n) => [user(`id-${n}`), `/id-${n}`, `//id-${n}/x`, `${prefix}/id-${n}/%2e?id-${n}`][n % 4]!,
  );
  const statuses = await pipeline(url, different);
  const after = await until(pageNow, (page) => inFlightOf(page) === 0);
  // Each is counted as its client saw it.
  const counted = (page: Page, status: number): number =>
    [...page.series].filter(([key]) => key.startsWith("http_requests_total{") && key.includes(`status="${status}"`))
      .reduce((sum, [, count]) => sum + count, 0);
  // What a framework answers without a handler, nothing counts.
  if (app.unmatched === false) { for (const status of statuses.keys()) if (status !== 200) statuses.delete(status); }
  assertEquals([...statuses.keys()].sort(), app.unmatched === false ? [200] : [200, 404]);
  assertEquals(
    new Map([...statuses.keys()].map((status) => [status, counted(after, status) - counted(before, status)])),
    statuses,
  );

  for (const type of ["text/plain", "application/openmetrics-text", "application/json"]) {
    const response = await fetch(`${url}/metrics`, { headers: { accept: type } });
    assertEquals((await response.text()).toLowerCase().includes(mark), false, `what was sent is on the page, ${type}`);
  }
  const labels = (name: string): string[] => [
    ...new Set([...after.series.keys()].flatMap((key) => new RegExp(`[{,]${name}="(.*?)"[,}]`).exec(key)?.[1] ?? [])),
  ];
  assertEquals(labels("route").filter((route) => route !== "none" && !routes.includes(route)), []);
  assertEquals(labels("method").filter((method) => !methods.includes(method)), []);
  // A second run of everything makes no more series than the first has.
  for (const head of [...heads(prefix, user, own).slice(0, 60), ...own]) {
    await statusOf(url, head.replaceAll(mark, "id-2-"));
  }
  await pipeline(url, different.slice(0, 400).map((path) => path.replaceAll(mark, "id-2-")));
  const last = await until(pageNow, (page) => inFlightOf(page) === 0);
  const requestSeries = ({ series }: Page): string[] =>
    [...series.keys()].filter((key) => key.startsWith("http_")).sort();
  assertEquals(requestSeries(last), requestSeries(after));
  assertEquals(inFlightOf(last), 0);
}

function inFlightOf({ series }: Page): number {
  return [...series].filter(([key]) => key.startsWith("http_requests_in_progress{"))
    .reduce((sum, [, count]) => sum + count, 0);
}

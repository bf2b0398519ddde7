import { describe, it } from "node:test";
import { spawn } from "node:child_process";
import { lookup } from "node:dns";
import { once } from "node:events";
import { open } from "node:fs/promises";
import { type AddressInfo, connect, createServer, type Server, type Socket } from "node:net";
import { Registry } from "prom-client";
import { assert, assertEquals, assertGreaterOrEqual } from "@std/assert";
import { createMonitor } from "@rtm/runtime-metrics";
import { holdThreads } from "../support/hidden_pool.ts";
import { deferred, now, runtimeName, sleep } from "../support/loop.ts";
import { freshPage, scrape } from "../support/page.ts";
import { until } from "../support/until.ts";
import { series } from "./series.ts";

const tasks = (kind: string): string => `runtime_pending_tasks{kind="${kind}"}`;

/** The kinds of work that each runtime tells the truth of; what is counted by the library itself is not among them. */
const kinds: string[] = {
  node: ["timer", "immediate", "tcp_server", "tcp_socket", "fs_request", "dns_lookup", "child_process"],
  deno: ["timer"],
  bun: [],
}[runtimeName];

/** How much of a kind is pending; the page is made in the turn of the call. */
async function count(kind: string): Promise<number> {
  return (await freshPage()).value(tasks(kind));
}

/** The same, once it stands still: the test runner reads files of its own now and then. */
async function steadyCount(kind: string): Promise<number> {
  let [last, next] = [Number.NaN, await count(kind)];
  for (const end = now() + 5; last !== next && now() < end; next = await count(kind)) {
    last = next;
    await sleep(0.03);
  }
  return next;
}

/** Ends the work that was made. */
type End = () => Promise<void> | void;

/**
 * A test of one kind of work that the runtime tells: so much of it has to show, and to be gone once it has ended.
 *
 * @param kind The kind's name.
 * @param amount How much of it is made.
 * @param begin Makes it, and answers what ends it.
 */
function kind(kind: string, amount: number, begin: () => End | Promise<End>): void {
  if (!kinds.includes(kind)) return;
  series("pending_tasks", `tells ${amount} of kind ${kind}, and that they have ended`, async () => {
    const before = await steadyCount(kind);
    const end = await begin();
    const during = await until(() => count(kind), (count) => count - before === amount, 1);
    await end();
    assertEquals(during - before, amount);
    assertEquals(await until(() => count(kind), (after) => after === before, 5), before);
  });
}

describe("what the runtime tells of pending work", () => {
  it(`is ${kinds.join(", ") || "nothing"}`, async () => {
    assertEquals((await freshPage()).labels("runtime_pending_tasks"), kinds.map((kind) => `{kind="${kind}"}`));
  });

  kind("timer", 5, () => {
    const timers = Array.from({ length: 5 }, () => setTimeout(() => {}, 60_000));
    return () => timers.forEach((timer) => clearTimeout(timer));
  });

  kind("immediate", 4, () => {
    for (let i = 0; i < 4; i++) setImmediate(() => {});
    return () => sleep(0.01);
  });

  kind("tcp_server", 3, async () => {
    const servers = await Promise.all([listen(), listen(), listen()]);
    return () => servers.forEach((server) => void server.close());
  });

  kind("tcp_socket", 4, async () => {
    const server = await listen();
    const sockets: Socket[] = [];
    server.on("connection", (socket) => sockets.push(socket));
    const { port } = server.address() as AddressInfo;
    for (let i = 0; i < 2; i++) {
      const socket = connect(port, "127.0.0.1");
      await once(socket, "connect");
      sockets.push(socket);
    }
    // Both ends of both connections are in this process.
    await until(() => Promise.resolve(sockets.length), (length) => length === 4, 5);
    return () => {
      for (const socket of sockets) socket.destroy();
      server.close();
    };
  });

  kind("fs_request", 3, () => {
    const held = holdThreads(3);
    return () => held.release();
  });

  kind("fs_request", 2, () => {
    // The same by promises, which have a name of their own.
    const held = holdThreads(2, (path) => open(path, "r").then((file) => file.close()));
    return () => held.release();
  });

  kind("dns_lookup", 3, () => {
    const answers = Array.from({ length: 3 }, () => new Promise((resolve) => lookup("localhost", resolve)));
    return async () => void await Promise.all(answers);
  });

  kind("child_process", 2, async () => {
    const children = Array.from({ length: 2 }, () => spawn("sleep", ["60"], { stdio: "ignore" }));
    await Promise.all(children.map((child) => once(child, "spawn")));
    return async () => {
      const ends = children.map((child) => once(child, "exit"));
      for (const child of children) child.kill("SIGKILL");
      await Promise.all(ends);
    };
  });
});

describe("what is counted of pending work", () => {
  series("pending_tasks", "counts tracked work until it settles", async () => {
    using monitor = createMonitor({ registry: new Registry() });
    const jobs = Array.from({ length: 3 }, () => deferred<void>());
    for (const { promise } of jobs) monitor.track("job", promise).catch(() => {});
    assertEquals((await scrape(monitor)).value(tasks("job")), 3);
    jobs[0]!.resolve();
    jobs[1]!.reject(new Error("a job that fails has ended as well"));
    await sleep(0);
    assertEquals((await scrape(monitor)).value(tasks("job")), 1);
    jobs[2]!.resolve();
    await sleep(0);
    assertEquals((await scrape(monitor)).value(tasks("job")), 0);
  });

  series("pending_tasks", "counts requests in flight", async () => {
    using monitor = createMonitor({ registry: new Registry() });
    const gate = deferred<Response>();
    const handler = monitor.instrument((_request: Request) => gate.promise);
    const answers = [1, 2].map((id) => handler(new Request(`http://localhost/${id}`)));
    assertEquals((await scrape(monitor)).value(tasks("http_request")), 2);
    gate.resolve(new Response(null));
    await Promise.all(answers);
    await sleep(0);
    assertEquals((await scrape(monitor)).value(tasks("http_request")), 0);
  });

  series("pending_oldest_age_seconds", "is the age of the oldest work that has not ended", async () => {
    using monitor = createMonitor({ registry: new Registry() });
    const age = async (): Promise<number> =>
      (await scrape(monitor)).value('runtime_pending_oldest_age_seconds{kind="job"}');
    const [older, younger] = [deferred<void>(), deferred<void>()];

    /** Tracks work, and answers between which two moments it began. */
    const track = (work: Promise<void>): [number, number] => {
      const before = now();
      monitor.track("job", work);
      return [before, now()];
    };
    /** The age is that of work which began between two moments, at some moment of the scrape, however late timers are. */
    const check = async ([before, after]: [number, number]): Promise<number> => {
      const low = now() - after;
      const told = await age();
      const high = now() - before;
      assert(told >= low - 0.001 && told <= high + 0.001, `${told} is not from ${low} to ${high}`);
      return told;
    };
    const olderBegan = track(older.promise);
    await sleep(0.2);
    const youngerBegan = track(younger.promise);
    await sleep(0.1);
    assertGreaterOrEqual(await check(olderBegan), 0.29);

    older.resolve();
    await sleep(0);
    await check(youngerBegan);

    younger.resolve();
    await sleep(0);
    assertEquals(await age(), 0);
  });
});

async function listen(): Promise<Server> {
  const server = createServer();
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return server;
}

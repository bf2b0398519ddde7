import { describe, it } from "node:test";
import { createServer, type Server } from "node:http";
import { once } from "node:events";
import type { AddressInfo } from "node:net";
import { fileURLToPath } from "node:url";
import { createPool } from "generic-pool";
import mysql from "mysql2";
import pLimit from "p-limit";
import PQueue from "p-queue";
import pg from "pg";
import { Piscina } from "piscina";
import { Registry } from "prom-client";
import Tinypool from "tinypool";
import { Agent, Client, Pool as UndiciPool } from "undici";
import workerpool from "workerpool";
import { assert, assertEquals, assertFalse, assertRejects, assertThrows } from "@std/assert";
import { createMonitor, type Monitor, type PoolSource } from "@rtm/runtime-metrics";
import {
  genericPool,
  mysqlPool,
  pgPool,
  piscinaPool,
  pLimitPool,
  pQueuePool,
  tinypoolPool,
  undiciPool,
  workerpoolPool,
} from "@rtm/runtime-metrics/pools";
import { poolLibraries } from "../../scripts/pool_table.ts";
import { Gate } from "../support/gate.ts";
import { deferred, runtimeName, sleep } from "../support/loop.ts";
import { MysqlServer } from "../support/mysql_server.ts";
import { scrape } from "../support/page.ts";
import { PgServer } from "../support/pg_server.ts";
import { until } from "../support/until.ts";

const jobs = fileURLToPath(new URL("../support/jobs/", import.meta.url));

const libraryOf = (name: string) => poolLibraries.find(({ library }) => library === name)!;
const skipped = (name: string): { skip: string | false } => ({ skip: libraryOf(name).absent?.[runtimeName] ?? false });

/** The reading of a pool that docs/pools.md says shows these numbers: no more, and no fewer. */
function read(name: string, source: PoolSource): Record<string, number> {
  const reading = source() as Record<string, number>;
  assertEquals(Object.keys(reading).sort(), [...libraryOf(name).shows].sort());
  return reading;
}

/** Reads until it shows what it should, for pools whose threads take a moment to start or to answer. */
async function readUntil(name: string, source: PoolSource, expected: Record<string, number>): Promise<void> {
  const all = Object.entries(expected);
  const reading = await until(
    () => Promise.resolve(read(name, source)),
    (reading) => all.every(([field, value]) => reading[field] === value),
  );
  for (const [field, value] of all) assertEquals([field, reading[field]], [field, value]);
}

async function times(monitor: Monitor, family: "wait" | "run"): Promise<{ sum: number; count: number } | undefined> {
  const page = await scrape(monitor);
  const name = `runtime_pool_${family}_seconds`;
  return page.has(`${name}_count`) ? page.histogram(name, 'pool="it"') : undefined;
}

const begin = (source: PoolSource): Monitor => createMonitor({ registry: new Registry(), pools: { it: source } });

describe("piscinaPool()", skipped("piscina"), () => {
  it("shows two threads at work and five jobs behind them", async () => {
    const piscina = new Piscina({ filename: `${jobs}held.mjs`, minThreads: 2, maxThreads: 2 });
    const source = piscinaPool(piscina);
    await readUntil("piscina", source, { capacity: 2, active: 0, queued: 0 });
    const gate = new Gate();
    const answers = Array.from({ length: 7 }, () => piscina.run(gate.shared));
    await readUntil("piscina", source, { capacity: 2, active: 2, queued: 5 });
    gate.open();
    assertEquals(await Promise.all(answers), Array(7).fill("done"));
    await readUntil("piscina", source, { capacity: 2, active: 0, queued: 0 });
    await piscina.close();
  });

  it("counts the jobs that threads can take, and tells none active where a thread takes several", async () => {
    const piscina = new Piscina({
      filename: `${jobs}held.mjs`,
      minThreads: 1,
      maxThreads: 3,
      concurrentTasksPerWorker: 2,
    });
    assertEquals(piscinaPool(piscina)(), { capacity: 6, queued: 0 });
    await piscina.close();
  });
});

describe("tinypoolPool()", skipped("tinypool"), () => {
  it("shows its threads and five jobs that wait for them", async () => {
    // With Atomics it loses jobs on Deno (2.9).
    const useAtomics = runtimeName !== "deno";
    const tinypool = new Tinypool({ filename: `${jobs}held.mjs`, minThreads: 2, maxThreads: 2, useAtomics });
    const source = tinypoolPool(tinypool);
    await readUntil("tinypool", source, { capacity: 2, queued: 0 });
    const gate = new Gate();
    const answers = Array.from({ length: 7 }, () => tinypool.run(gate.shared));
    await readUntil("tinypool", source, { capacity: 2, queued: 5 });
    gate.open();
    assertEquals(await Promise.all(answers), Array(7).fill("done"));
    await readUntil("tinypool", source, { capacity: 2, queued: 0 });
    await tinypool.destroy();
  });
});

describe("workerpoolPool()", () => {
  it("shows two workers at work and five jobs behind them", skipped("workerpool"), async () => {
    const pool = workerpool.pool(`${jobs}held_workerpool.mjs`, { maxWorkers: 2, workerType: "thread" });
    const source = workerpoolPool(pool);
    await readUntil("workerpool", source, { capacity: 2, active: 0, queued: 0 });
    const gate = new Gate();
    const answers = Array.from({ length: 7 }, () => pool.exec("held", [gate.shared]));
    await readUntil("workerpool", source, { capacity: 2, active: 2, queued: 5 });
    gate.open();
    assertEquals(await Promise.all(answers), Array(7).fill("done"));
    await readUntil("workerpool", source, { capacity: 2, active: 0, queued: 0 });
    await pool.terminate();
  });
});

describe("pLimitPool()", () => {
  it("shows what runs and what waits, which its pendingCount is", async () => {
    const limit = pLimit(2);
    const source = pLimitPool(limit);
    assertEquals(read("p-limit", source), { capacity: 2, active: 0, queued: 0 });
    const gate = deferred<void>();
    const answers = Array.from({ length: 5 }, () => limit(() => gate.promise));
    await readUntil("p-limit", source, { capacity: 2, active: 2, queued: 3 });
    gate.resolve();
    await Promise.all(answers);
    await readUntil("p-limit", source, { capacity: 2, active: 0, queued: 0 });
    limit.concurrency = 9;
    assertEquals(source().capacity, 9);
    assertFalse("capacity" in pLimitPool(pLimit(Infinity))());
  });

  it("times the jobs that are wrapped, and begins no series before the first", async () => {
    const limit = pLimit(1);
    const source = pLimitPool(limit);
    using monitor = begin(source);
    assertEquals(await times(monitor, "wait"), undefined);
    const gate = deferred<string>();
    const [first, second] = [
      limit(source.timed(() => gate.promise)),
      limit(source.timed((it: string) => it), "second"),
    ];
    assertEquals((await times(monitor, "wait"))!.count, 1);
    await sleep(0.1);
    gate.resolve("first");
    assertEquals([await first, await second], ["first", "second"]);
    const broken = limit(source.timed(() => Promise.reject(new Error("broken"))));
    await assertRejects(() => broken, Error, "broken");
    const [wait, run] = [(await times(monitor, "wait"))!, (await times(monitor, "run"))!];
    assertEquals([wait.count, run.count], [3, 3]);
    // The second waited while the first ran; timers may be a millisecond early.
    for (const { sum } of [wait, run]) assert(sum > 0.09 && sum < 5, `${sum} s`);
  });
});

describe("pQueuePool()", () => {
  it("shows what runs, which its pending is, and what waits", async () => {
    const queue = new PQueue({ concurrency: 2 });
    const source = pQueuePool(queue);
    assertEquals(read("p-queue", source), { capacity: 2, active: 0, queued: 0 });
    const gate = deferred<void>();
    const answers = Array.from({ length: 5 }, () => queue.add(() => gate.promise));
    assertEquals(read("p-queue", source), { capacity: 2, active: 2, queued: 3 });
    gate.resolve();
    await Promise.all(answers);
    await queue.onIdle();
    assertEquals(read("p-queue", source), { capacity: 2, active: 0, queued: 0 });
    assertFalse("capacity" in pQueuePool(new PQueue())());
  });

  it("times the jobs that are wrapped, whichever overtakes the others", async () => {
    const queue = new PQueue({ concurrency: 1 });
    const source = pQueuePool(queue);
    using monitor = begin(source);
    const gate = deferred<void>();
    const order: string[] = [];
    const answers = [
      queue.add(source.timed(() => gate.promise)),
      queue.add(source.timed(() => void order.push("patient")), { priority: 0 }),
      queue.add(source.timed(() => void order.push("urgent")), { priority: 1 }),
    ];
    await sleep(0.1);
    gate.resolve();
    await Promise.all(answers);
    assertEquals(order, ["urgent", "patient"]);
    const [wait, run] = [(await times(monitor, "wait"))!, (await times(monitor, "run"))!];
    assertEquals([wait.count, run.count], [3, 3]);
    assert(wait.sum > 0.18 && wait.sum < 5, `${wait.sum} s`);
  });
});

describe("genericPool()", () => {
  const make = () => {
    let made = 0;
    const factory = { create: () => Promise.resolve({ id: ++made }), destroy: () => Promise.resolve() };
    return createPool(factory, { max: 2 });
  };

  it("shows what is borrowed, what is idle and who waits", async () => {
    const pool = make();
    const source = genericPool(pool);
    assertEquals(read("generic-pool", source), { capacity: 2, active: 0, queued: 0, idle: 0 });
    const [first, second] = [await pool.acquire(), await pool.acquire()];
    const third = pool.acquire();
    assertEquals(read("generic-pool", source), { capacity: 2, active: 2, queued: 1, idle: 0 });
    await pool.release(first);
    await pool.release(await third);
    assertEquals(read("generic-pool", source), { capacity: 2, active: 1, queued: 0, idle: 1 });
    await pool.release(second);
    await pool.drain();
    await pool.clear();
  });

  it("leaves the pool alone, unless it is to time it, and then until it is taken off", async () => {
    const pool = make();
    const own = (): string[] => ["acquire", "release", "destroy"].filter((name) => Object.hasOwn(pool, name));
    {
      using plain = begin(genericPool(pool));
      assertEquals([own(), await times(plain, "wait")], [[], undefined]);
    }
    using monitor = createMonitor({ registry: new Registry() });
    const remove = monitor.pool("it", genericPool(pool, { timed: true }));
    assertEquals(own(), ["acquire", "release", "destroy"]);

    const [first, second] = [await pool.acquire(), await pool.acquire()];
    const third = pool.acquire();
    await sleep(0.1);
    await pool.release(first);
    await pool.destroy(second);
    await pool.use(() => Promise.resolve());
    await pool.release(await third);
    const [wait, run] = [(await times(monitor, "wait"))!, (await times(monitor, "run"))!];
    assertEquals([wait.count, run.count], [4, 4]);
    assert(wait.sum > 0.09 && wait.sum < 5, `${wait.sum} s`);
    assert(run.sum > 0.18 && run.sum < 5, `${run.sum} s`);

    remove();
    assertEquals(own(), []);
    await pool.drain();
    await pool.clear();
  });
});

describe("pgPool()", () => {
  const connect = (port: number, more = {}) =>
    new pg.Pool({ host: "127.0.0.1", port, user: "u", database: "d", ssl: false, max: 2, ...more });

  it("shows connections in use, idle ones and who waits", async () => {
    await using server = await PgServer.start();
    const pool = connect(server.port);
    const source = pgPool(pool);
    assertEquals(read("pg", source), { capacity: 2, active: 0, queued: 0, idle: 0 });
    const answers = Array.from({ length: 5 }, () => pool.query("SELECT 1"));
    await until(() => Promise.resolve(server.open), (open) => open === 2);
    assertEquals(read("pg", source), { capacity: 2, active: 2, queued: 3, idle: 0 });
    server.eager = true;
    server.answer();
    server.answer();
    await Promise.all(answers);
    assertEquals(read("pg", source), { capacity: 2, active: 0, queued: 0, idle: 2 });
    await pool.end();
  });

  it("tells how long connections are held, by the pool's own events", async () => {
    await using server = await PgServer.start();
    const pool = connect(server.port);
    using monitor = begin(pgPool(pool));
    assertEquals((await times(monitor, "run"))!.count, 0);
    // What nobody can tell is absent, not zero.
    assertEquals(await times(monitor, "wait"), undefined);
    const client = await pool.connect();
    await sleep(0.1);
    client.release();
    const run = (await times(monitor, "run"))!;
    assertEquals(run.count, 1);
    assert(run.sum > 0.09 && run.sum < 5, `${run.sum} s`);
    assertFalse(Object.hasOwn(pool, "connect"));
    const listeners = pool.listenerCount("acquire");
    monitor.stop();
    assertEquals([listeners, pool.listenerCount("acquire"), pool.listenerCount("release")], [1, 0, 0]);
    await pool.end();
  });

  it("times what callers wait when it is asked to: by promise, by callback, and through query", async () => {
    await using server = await PgServer.start();
    const pool = connect(server.port, { max: 1 });
    using monitor = begin(pgPool(pool, { timed: true }));
    const held = await pool.connect();
    const byCallback = new Promise<void>((resolve, reject) =>
      pool.connect((error, _client, done) => {
        if (error) return reject(error);
        done();
        resolve();
      })
    );
    server.eager = true;
    const byQuery = pool.query("SELECT 1");
    await sleep(0.1);
    held.release();
    await Promise.all([byCallback, byQuery]);
    const [wait, run] = [(await times(monitor, "wait"))!, (await times(monitor, "run"))!];
    assertEquals([wait.count, run.count], [3, 3]);
    assert(wait.sum > 0.18 && wait.sum < 5, `${wait.sum} s`);
    monitor.stop();
    assertFalse(Object.hasOwn(pool, "connect"));
    await pool.query("SELECT 1");
    await pool.end();
  });

  it("does not count callers who got no connection", async () => {
    const pool = connect(1);
    using monitor = begin(pgPool(pool, { timed: true }));
    await assertRejects(() => pool.query("SELECT 1"));
    assertEquals((await times(monitor, "wait"))!.count, 0);
    await pool.end();
  });
});

describe("mysqlPool()", () => {
  it("shows connections in use, idle ones and who waits, with callbacks and promises", async () => {
    await using server = await MysqlServer.start();
    const pool = mysql.createPool({ host: "127.0.0.1", port: server.port, connectionLimit: 2 });
    const source = mysqlPool(pool);
    assertEquals(read("mysql2", source), { capacity: 2, active: 0, queued: 0, idle: 0 });
    const promises = pool.promise();
    const answers = Array.from({ length: 5 }, () => promises.query("SELECT 1"));
    await until(() => Promise.resolve(server.open), (open) => open === 2);
    assertEquals(read("mysql2", source), { capacity: 2, active: 2, queued: 3, idle: 0 });
    assertEquals(mysqlPool(promises)(), source());
    server.eager = true;
    server.answer();
    server.answer();
    await Promise.all(answers);
    await readUntil("mysql2", source, { capacity: 2, active: 0, queued: 0, idle: 2 });
    await promises.end();
  });

  it("times what callers wait and how long they hold it, when it is asked to", async () => {
    await using server = await MysqlServer.start();
    server.eager = true;
    const pool = mysql.createPool({ host: "127.0.0.1", port: server.port, connectionLimit: 1 });
    using monitor = begin(mysqlPool(pool, { timed: true }));
    const promises = pool.promise();
    const held = await promises.getConnection();
    const behind = [promises.query("SELECT 1"), promises.query("SELECT 2")];
    await sleep(0.1);
    held.release();
    await Promise.all(behind);
    const [wait, run] = [
      (await times(monitor, "wait"))!,
      (await until(() => times(monitor, "run"), (it) => it!.count === 3))!,
    ];
    assertEquals([wait.count, run.count], [3, 3]);
    assert(wait.sum > 0.18 && wait.sum < 5, `${wait.sum} s`);
    monitor.stop();
    assertEquals(["getConnection", "releaseConnection"].filter((name) => Object.hasOwn(pool, name)), []);
    await promises.end();
  });
});

describe("undiciPool()", skipped("undici"), () => {
  /** A server that holds every request until it is told to answer. */
  async function start(): Promise<{ server: Server; origin: string; open: (() => void)[] }> {
    const open: (() => void)[] = [];
    const server = createServer((_request, response) => void open.push(() => response.end("ok")));
    server.listen(0, "127.0.0.1");
    await once(server, "listening");
    return { server, origin: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, open };
  }

  async function finish(
    open: (() => void)[],
    answers: Promise<{ body: { text(): Promise<string> } }>[],
  ): Promise<void> {
    const timer = setInterval(() => open.splice(0).forEach((answer) => answer()), 1);
    for (const answer of answers) assertEquals(await (await answer).body.text(), "ok");
    clearInterval(timer);
  }

  const get = { path: "/", method: "GET" } as const;

  it("shows requests that run and those that are not sent yet", async () => {
    const { server, origin, open } = await start();
    const pool = new UndiciPool(origin, { connections: 2 });
    const source = undiciPool(pool, { capacity: 2 });
    const answers = Array.from({ length: 5 }, () => pool.request(get));
    await readUntilLoose(source, { capacity: 2, active: 2, queued: 3 });
    await finish(open, answers);
    await readUntil("undici", source, { capacity: 2, active: 0, queued: 0, idle: 2 });
    await pool.close();
    server.close();
  });

  it("takes a client and an agent as well, whose origins it adds up", async () => {
    const { server, origin, open } = await start();
    const other = await start();
    const client = new Client(origin);
    const agent = new Agent({ connections: 1 });
    const [ofClient, ofAgent] = [undiciPool(client), undiciPool(agent)];
    assertEquals([ofClient(), ofAgent()], [{ active: 0, queued: 0 }, { active: 0, queued: 0 }]);
    const answers = [
      client.request(get),
      client.request(get),
      ...[origin, origin, other.origin].map((origin) => agent.request({ ...get, origin })),
    ];
    await readUntilLoose(ofClient, { active: 1, queued: 1 });
    await readUntilLoose(ofAgent, { active: 2, queued: 1 });
    const drain = setInterval(() => other.open.splice(0).forEach((answer) => answer()), 1);
    await finish(open, answers);
    clearInterval(drain);
    await Promise.all([client.close(), agent.close()]);
    server.close();
    other.server.close();
  });

  async function readUntilLoose(source: PoolSource, expected: Record<string, number>): Promise<void> {
    const all = Object.entries(expected);
    const shown = (reading: object) => all.map(([field]) => [field, (reading as Record<string, number>)[field]]);
    const reading = await until(
      () => Promise.resolve(source()),
      (reading) => JSON.stringify(shown(reading)) === JSON.stringify(all),
    );
    assertEquals(shown(reading), all);
  }
});

describe("an adapter", () => {
  const adapters: [adapter: (value: never) => unknown, library: string, member: string][] = [
    [piscinaPool, "a pool of piscina", "options"],
    [tinypoolPool, "a pool of tinypool", "options"],
    [workerpoolPool, "a pool of workerpool", "stats"],
    [pLimitPool, "a limit of p-limit", "activeCount"],
    [pQueuePool, "a queue of p-queue", "size"],
    [genericPool, "a pool of generic-pool", "max"],
    [pgPool, "a pool of pg", "totalCount"],
    [mysqlPool, "a pool of mysql2", "config"],
    [undiciPool, "a client, a pool or an agent of undici", "stats"],
  ];
  for (const [adapter, library, member] of adapters) {
    it(`refuses what is not ${library}`, () => {
      const door = "Cannot show pool: expected";
      assertThrows(() => adapter(undefined as never), TypeError, `${door} ${library}, got undefined`);
      assertThrows(() => adapter(null as never), TypeError, `${door} ${library}, got null`);
      assertThrows(() => adapter("pool" as never), TypeError, `${door} ${library}, got string`);
      assertThrows(() => adapter({} as never), TypeError, `${door} ${library}, got one whose ${member} is undefined`);
    });
  }

  it(
    "refuses an undici without stats, which Bun puts in its place",
    { skip: runtimeName !== "bun" && "not Bun" },
    () => {
      assertThrows(
        () => undiciPool(new UndiciPool("http://127.0.0.1:1") as never),
        TypeError,
        "whose stats is undefined",
      );
    },
  );

  it("has a row in the table, and the other way round", () => {
    const adapters = poolLibraries.map(({ adapter }) => adapter.split("(")[0]!);
    const tested = [
      piscinaPool,
      tinypoolPool,
      workerpoolPool,
      pLimitPool,
      pQueuePool,
      genericPool,
      pgPool,
      mysqlPool,
      undiciPool,
    ].map(({ name }) => name);
    assertEquals(adapters, tested);
  });
});

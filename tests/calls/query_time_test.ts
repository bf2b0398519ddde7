import { describe, it } from "node:test";
import { assert, assertEquals, assertRejects, assertStrictEquals, assertThrows } from "@std/assert";
import mysql from "mysql2";
import pg from "pg";
import { Registry } from "prom-client";
import { createMonitor, type Monitor } from "@rtm/runtime-metrics";
import { timingQuery } from "../../src/calls/query_time.ts";
import { deferred, sleep } from "../support/loop.ts";
import { MysqlServer } from "../support/mysql_server.ts";
import { scrape } from "../support/page.ts";
import { PgServer } from "../support/pg_server.ts";
import { until } from "../support/until.ts";
import { measureCalls } from "../../src/calls/mod.ts";

/** Runs queries by a clock turned by hand. */
function begin() {
  const clock = { at: 10 };
  const told: number[] = [];
  const ask = <Answer>(query: (...args: never[]) => Answer, ...args: unknown[]): Answer =>
    timingQuery((given) => query(...given as never[]), args, () => clock.at, (seconds) => told.push(seconds)) as Answer;
  return { clock, told, ask };
}

/** A builder as knex has it: each step answers the builder itself, and each call of `then` runs it. */
class ChainedQuery {
  readonly #rows: Promise<string[]>;
  readonly steps: string[] = [];
  ran = 0;

  constructor(rows: Promise<string[]>) {
    this.#rows = rows;
  }

  where(step: string): this {
    this.steps.push(step);
    return this;
  }

  then<Result>(onFulfilled?: (rows: string[]) => Result, onRejected?: (error: unknown) => Result): Promise<unknown> {
    this.ran++;
    return this.#rows.then(onFulfilled, onRejected);
  }

  catch<Result>(onRejected: (error: unknown) => Result): Promise<unknown> {
    return this.then(undefined, onRejected);
  }
}

/** A query as postgres.js has it: a promise that runs when its `then` is called. */
class AskedPromise extends Promise<string> {
  static override get [Symbol.species](): PromiseConstructor {
    return Promise;
  }
  ran = 0;

  override then<Fulfilled = string, Rejected = never>(
    onFulfilled?: ((value: string) => Fulfilled | PromiseLike<Fulfilled>) | null,
    onRejected?: ((error: unknown) => Rejected | PromiseLike<Rejected>) | null,
  ): Promise<Fulfilled | Rejected> {
    this.ran++;
    return super.then(onFulfilled, onRejected);
  }
}

describe("timingQuery()", () => {
  it("times a builder from its then to its rows, whatever is chained before", async () => {
    const { clock, told, ask } = begin();
    const rows = deferred<string[]>();
    const query = new ChainedQuery(rows.promise);
    const answer = ask(() => query);
    assertStrictEquals(answer, query);
    clock.at += 100; // It is built, and not run.
    answer.where("a").where("b");
    await sleep(0);
    assertEquals([query.ran, told], [0, []]);
    const read = (async () => await answer)();
    await sleep(0);
    clock.at += 3;
    rows.resolve(["row"]);
    assertEquals(await read, ["row"]);
    assertEquals([query.ran, query.steps, told], [1, ["a", "b"], [3]]);
    // It is itself again, and goes on as such.
    assertEquals(Object.keys(query).sort(), ["ran", "steps"]);
    assertEquals(Object.hasOwn(query, "then"), false);
    assertEquals(await answer, ["row"] as never);
    assertEquals([query.ran, told], [2, [3]]);
  });

  it("passes a builder's failure on to whoever asked, and counts its time", async () => {
    const { clock, told, ask } = begin();
    const rows = deferred<string[]>();
    const broken = new Error("no such table");
    const caught = ask(() => new ChainedQuery(rows.promise)).catch((error) => error);
    clock.at += 2;
    rows.reject(broken);
    assertStrictEquals(await caught, broken);
    assertStrictEquals(await assertRejects(async () => await ask(() => new ChainedQuery(rows.promise))), broken);
    assertEquals(told, [2, 0]);
  });

  it("does not run a promise that runs when it is asked", async () => {
    const { clock, told, ask } = begin();
    const gate = deferred<string>();
    const query = new AskedPromise((resolve) => void gate.promise.then(resolve));
    const answer = ask(() => query);
    await sleep(0);
    assertEquals([query.ran, told], [0, []]);
    clock.at += 50;
    const read = (async () => await answer)();
    await sleep(0);
    clock.at += 4;
    gate.resolve("row");
    assertEquals([await read, query.ran, told], ["row", 1, [4]]);
  });

  it("times promises from the call, also those that somebody has derived", async () => {
    const { clock, told, ask } = begin();
    class Derived<Value> extends Promise<Value> {}
    const gate = deferred<string>();
    const answers = [ask(() => gate.promise), ask(() => Derived.resolve(gate.promise))];
    clock.at += 5;
    gate.resolve("row");
    await Promise.all(answers);
    assertEquals(told, [5, 5]);
  });

  it("leaves alone what it cannot set a then on, and what throws when it is looked at", async () => {
    const { told, ask } = begin();
    const frozen = Object.freeze({ then: (done: (row: string) => void) => done("row") });
    assertEquals(await (ask(() => frozen) as unknown as Promise<string>), "row");
    assertEquals(told, []);
    const shy = {
      get then(): never {
        throw new Error("not yet");
      },
    };
    assertStrictEquals(ask(() => shy), shy);
    assertEquals(told, [0]);
  });

  it("times a callback to its first call, as it would have been called", () => {
    const { clock, told, ask } = begin();
    let call!: (...args: unknown[]) => unknown;
    const seen: unknown[] = [];
    const callback = function (this: unknown, error: unknown, row: unknown): string {
      seen.push(this, error, row);
      return "taken";
    };
    let length = 0;
    const statement = ask(
      (_sql: string, done: typeof callback) => {
        call = done as typeof call;
        length = done.length;
        return "statement";
      },
      "SELECT 1",
      callback,
    );
    assertEquals([statement, length, told], ["statement", 2, []]);
    clock.at += 6;
    const self = {};
    assertEquals(call.call(self, null, "row"), "taken");
    assertEquals([seen[0] === self, seen.slice(1), told], [true, [null, "row"], [6]]);
    call.call(self, null, "next row");
    assertEquals(told, [6]);
  });

  it("goes by the promise where there is one, and by the end where a callback was called before it", async () => {
    const { clock, told, ask } = begin();
    const gate = deferred<void>();
    const mapped = ask(
      async (_sql: string, map: (row: number) => number) => {
        const first = map(1);
        await gate.promise;
        return [first, map(2)];
      },
      "SELECT n",
      (row: number) => row * 2,
    );
    clock.at += 7;
    gate.resolve();
    assertEquals([await mapped, told], [[2, 4], [7]]);
    const atOnce = ask(
      (_sql: string, map: (row: number) => number) => {
        clock.at += 1;
        const rows = [map(1)];
        clock.at += 1;
        return rows;
      },
      "SELECT n",
      (row: number) => row * 2,
    );
    assertEquals([atOnce, told], [[2], [7, 2]]);
  });

  it("hands on a class as a class, and throws what is thrown", () => {
    const { told, ask } = begin();
    class Row {
      name = "row";
    }
    const row = ask(async (_sql: string, Made: typeof Row) => await Promise.resolve(new Made()), "SELECT 1", Row);
    const broken = new Error("closed");
    assertStrictEquals(
      assertThrows(() =>
        ask(
          () => {
            throw broken;
          },
          "SELECT 1",
          () => {},
        )
      ),
      broken,
    );
    assertEquals(told, [0]);
    return row.then((made) => assert(made instanceof Row));
  });
});

describe("measureCalls(monitor).database() with callbacks", () => {
  const state = async (monitor: Monitor) =>
    (await scrape(monitor)).histogram("db_query_duration_seconds", 'operation="SELECT"');

  /** Asks, lets the server wait for a tenth of a second, and answers. */
  async function check(server: PgServer | MysqlServer, ask: (monitor: Monitor, done: () => void) => void) {
    using monitor = createMonitor({ registry: new Registry() });
    const done = deferred<void>();
    ask(monitor, () => done.resolve());
    await until(() => Promise.resolve(server.open), (open) => open === 1, 5);
    await sleep(0.1);
    assertEquals((await scrape(monitor)).has("db_query_duration_seconds_count"), false);
    server.answer();
    await done.promise;
    const { count, sum } = await state(monitor);
    assertEquals(count, 1);
    // Timers may be a millisecond early.
    assert(sum > 0.09 && sum < 10, `${sum} s`);
  }

  it("times pg's", async () => {
    await using server = await PgServer.start();
    const pool = new pg.Pool({ host: "127.0.0.1", port: server.port, user: "test", database: "test", max: 1 });
    await check(server, (monitor, done) => {
      const query = measureCalls(monitor).database((text: string, taken: (error: Error | undefined) => void) =>
        pool.query(text, taken)
      );
      query("SELECT 1", done);
    });
    await pool.end();
  });

  it("times mysql2's, whose answer has a then that only refuses", async () => {
    await using server = await MysqlServer.start();
    const pool = mysql.createPool({ host: "127.0.0.1", port: server.port, user: "test", connectionLimit: 1 });
    await check(server, (monitor, done) => {
      const query = measureCalls(monitor).database((text: string, taken: (error: Error | null) => void) =>
        pool.query(text, taken)
      );
      const answer = query("SELECT 1", done) as unknown as { then(): void };
      assertThrows(() => answer.then(), Error, "promise");
    });
    await new Promise((resolve) => pool.end(resolve));
  });
});

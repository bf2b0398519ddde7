/**
 * The calls that an app makes itself: one set of families in each registry, each made when it is first asked for.
 *
 * Their names are everybody's, and an app may have metrics of its own under them. So none is taken before it is used.
 *
 * @module
 */

import { callEntries } from "../metrics/catalog/calls.ts";
import type { Counter } from "../metrics/counter.ts";
import { Families } from "../metrics/families.ts";
import type { Family } from "../metrics/family.ts";
import type { Histogram } from "../metrics/histogram.ts";
import type { Reading } from "../metrics/sampled.ts";
import type { Settings } from "../monitor/options.ts";
import type { PoolSource } from "../pools/pool_source.ts";
import { Pools } from "../pools/pools.ts";
import type { RegistryLike } from "../metrics/registry_like.ts";

/** What the measurement reports to: the cores that show it. */
export interface CallListener {
  now(): number;
  collect(): void;
  drop(family: string): void;
  fail(source: string): void;
  /** Begins a source's count of errors at 0. */
  expect(source: string): void;
}

/** The families of calls. */
export class CallMeasurement {
  readonly #registry: RegistryLike | undefined;
  readonly #listener: CallListener;
  readonly #families: Families;
  readonly #made = new Map<string, Counter | Histogram>();
  #connections: Pools | undefined;
  #sources = 0;

  /**
   * Makes a measurement without a family.
   *
   * @param registry Where to register.
   * @param settings The checked options.
   * @param listener What it reports to.
   */
  constructor(registry: RegistryLike | undefined, settings: Settings, listener: CallListener) {
    this.#registry = registry;
    this.#listener = listener;
    this.#families = new Families({
      ...settings,
      catalog: callEntries,
      registry,
      onCollect: () => listener.collect(),
      onDrop: (family) => listener.drop(family),
    });
  }

  /**
   * Finds a counter, or begins it.
   *
   * @param name Its name in the catalog.
   * @returns The counter.
   * @throws {Error} If the registry has a metric of that name that is somebody else's.
   */
  counter(name: string): Counter {
    return this.#make(name, () => this.#families.counter(name));
  }

  /**
   * Finds a histogram, or begins it.
   *
   * @param name Its name in the catalog.
   * @returns The histogram.
   * @throws {Error} If the registry has a metric of that name that is somebody else's.
   */
  histogram(name: string): Histogram {
    return this.#make(name, () => this.#families.histogram(name));
  }

  /**
   * Adds what a pool of database connections tells to the others'.
   *
   * @param source The pool.
   * @returns Takes it off again.
   * @throws {Error} If the registry has a metric of that name that is somebody else's.
   */
  connections(source: PoolSource): () => void {
    if (!this.#connections) {
      this.#mustBeFree("db_connections");
      const pools = new Pools({
        now: () => this.#listener.now(),
        attempt: (_source, ask) => this.attempt("connections", ask),
        fail: () => this.#listener.fail("connections"),
      });
      this.#families.sampled(
        "db_connections",
        () => ({ pending: new Map(), oldestAges: new Map(), pools: pools.read() }),
        ({ pools }) => [...sumOf(pools.values(), "active"), ...sumOf(pools.values(), "idle")],
      );
      this.#connections = pools;
      this.#listener.expect("connections");
    }
    // The waits of these pools are told where they are shown as pools.
    return this.#connections.add(String(++this.#sources), () => source());
  }

  /**
   * Does something that must not harm the call around it; what it throws is counted.
   *
   * @param source Under which name.
   * @param act What to do.
   * @returns What it answered; undefined where it threw.
   */
  attempt<Value>(source: string, act: () => Value): Value | undefined {
    try {
      return act();
    } catch {
      this.#listener.fail(source);
      return undefined;
    }
  }

  /** The families in the order of the page. */
  families(): Family[] {
    return this.#families.own();
  }

  /** Puts families back that `register.clear()` has thrown out. */
  register(): void {
    this.#families.register();
  }

  /** Takes the families out of the registry. */
  stop(): void {
    this.#families.unregister();
  }

  #make<Kind extends Counter | Histogram>(name: string, make: () => Kind): Kind {
    let family = this.#made.get(name) as Kind | undefined;
    if (!family) {
      this.#mustBeFree(name);
      this.#made.set(name, family = make());
    }
    return family;
  }

  #mustBeFree(name: string): void {
    if (this.#registry?.getSingleMetric(name) === undefined) return;
    throw new Error(
      `Cannot measure calls: the registry has a metric of its own named "${name}"; ` +
        "leave one of the two out, or choose another registry",
    );
  }
}

/** Absent where no pool tells it. */
function sumOf(
  readings: Iterable<{ active?: number; idle?: number }>,
  state: "active" | "idle",
): readonly Reading[] {
  const told = [...readings].flatMap((reading) => reading[state] ?? []);
  return told.length === 0 ? [] : [[told.reduce((sum, each) => sum + each, 0), state]];
}

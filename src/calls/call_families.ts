/**
 * The calls that an app makes itself: one set of families in each registry, each made when it is first asked for.
 *
 * Their names are everybody's, and an app may have metrics of its own under them. So none is taken before it is used.
 *
 * @module
 */

import type { Core, CorePart } from "../core/core.ts";
import { callEntries } from "../metrics/catalog/calls.ts";
import type { Counter } from "../metrics/counter.ts";
import { Families } from "../metrics/families.ts";
import type { Family } from "../metrics/family.ts";
import type { Histogram } from "../metrics/histogram.ts";
import type { Reading } from "../metrics/sampled.ts";
import type { PoolSource } from "../pools/pool_source.ts";
import { Pools } from "../pools/pools.ts";
import type { PoolReading } from "../sample.ts";
import { heldBy, type LoopHolder } from "../work/loop_blame.ts";

/** What a call needs of the monitor; undefined while it does not measure, and the call just happens. */
export type CallScope = () => CallFamilies | undefined;

export class CallFamilies implements CorePart {
  readonly core: Core;
  readonly #families: Families;
  readonly #made = new Map<string, Counter | Histogram>();
  #connections: Pools | undefined;
  #sources = 0;

  private constructor(core: Core) {
    this.core = core;
    this.#families = new Families({
      ...core.settings,
      catalog: callEntries,
      registry: core.registry,
      onCollect: () => core.collect(),
      onDrop: (family) => core.self.drop(family),
      taken: { action: "Cannot measure calls", advice: "leave one of the two out, or choose another registry" },
      memory: () => core.memory,
    });
    this.#families.register();
  }

  /** The families of a core, made when they are first asked for. */
  static of(core: Core): CallFamilies {
    return core.part("calls", () => new CallFamilies(core));
  }

  /** Finds a counter by its name in the catalog, or begins it; throws if the name is somebody else's in the registry. */
  counter(name: string): Counter {
    return this.#make(name, () => this.#families.counter(name));
  }

  /** Finds a histogram by its name in the catalog, or begins it; throws if the name is somebody else's in the registry. */
  histogram(name: string): Histogram {
    return this.#make(name, () => this.#families.histogram(name));
  }

  /** Adds what a pool of database connections tells to the others'; the answer takes it off again. */
  connections(source: PoolSource): () => void {
    if (!this.#connections) {
      const { runtime, self } = this.core;
      const pools = new Pools({ now: runtime.now, self, errorSource: "connections" });
      this.#families.sampled("db_connections", () => {
        const readings = [...pools.read().values()];
        return [...sumOf(readings, "active"), ...sumOf(readings, "idle")];
      });
      this.#connections = pools;
      self.expect("connections");
    }
    // The waits of these pools are told where they are shown as pools.
    return this.#connections.add(String(++this.#sources), () => source());
  }

  /** Runs work under a name, for stalls to be blamed on it. */
  hold<Result>(holder: LoopHolder, work: () => Result): Result {
    return heldBy(this.core.blame, this.core.runtime.now, holder, work);
  }

  families(): Family[] {
    return this.#families.own();
  }

  register(): void {
    this.#families.register();
  }

  stop(): void {
    this.#families.unregister();
  }

  #make<Kind extends Counter | Histogram>(name: string, make: () => Kind): Kind {
    let family = this.#made.get(name) as Kind | undefined;
    if (!family) this.#made.set(name, family = make());
    return family;
  }
}

/** Absent where no pool tells it. */
function sumOf(readings: readonly PoolReading[], state: "active" | "idle"): readonly Reading[] {
  const told = readings.flatMap((reading) => reading[state] ?? []);
  return told.length === 0 ? [] : [[told.reduce((sum, each) => sum + each), state]];
}

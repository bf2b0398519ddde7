/**
 * When one copy inherits from others.
 *
 * @module
 */

import { Slices } from "../gather/loop_budget.ts";
import type { SelfMetrics } from "../metrics/self_metrics.ts";
import type { Runtime } from "../runtime/shim.ts";
import type { InheritedSums } from "./inherited_sums.ts";
import { type KnownCopies, type KnownCopy, processOf, reportsOf } from "./known_copies.ts";

/** So many ended copies are kept one by one, and for so long, in seconds; then one that lives inherits their sums. */
const [mostEnded, endedSeconds] = [8, 30];

/** So many are kept while a copy is late: it may be an heir already, and what two inherit would be counted twice. */
const mostWhileLate = 200;

/** An order to inherit that lay about for longer than this may have been given to somebody else, in seconds. */
const orderSeconds = 5;

/** What inheriting needs. */
export interface EndedCopiesOptions {
  readonly runtime: Runtime;
  readonly self: SelfMetrics;
  readonly known: KnownCopies;
  readonly inheritedSums: InheritedSums;
  /** Forgets the way to a copy. */
  forget(id: string): void;
}

/** Looks after the sums of those that have ended. */
export class EndedCopies {
  readonly #options: EndedCopiesOptions;
  #isInheriting = false;

  constructor(options: EndedCopiesOptions) {
    this.#options = options;
  }

  /** Those whose sums are to be inherited now. */
  due(isSomebodyLate: boolean): KnownCopy[] {
    const { runtime, known } = this.#options;
    const ended = known.ended();
    if (isSomebodyLate && ended.length <= mostWhileLate) return [];
    const isDue = ended.length > mostEnded || ended.some(({ since }) => runtime.now() - since > endedSeconds);
    return isDue ? ended : [];
  }

  /** Whether an order of this Unix time is still to be obeyed; one from the future is older than the clock tells. */
  isOrderedNow(at: number): boolean {
    return Math.abs(this.#options.runtime.unixNow() - at) < orderSeconds;
  }

  /** Inherits from these; `ownProcess` is that of this copy, which tells of it itself. */
  async inherit(ids: readonly string[], ownProcess: string): Promise<void> {
    if (this.#isInheriting) return;
    this.#isInheriting = true;
    const { runtime, self, known, inheritedSums, forget } = this.#options;
    try {
      const ended = ids.map((id) => known.get(id)).filter((each) => each?.hasEnded) as KnownCopy[];
      const reports = reportsOf(ended);
      const lives = (process: string): boolean =>
        process === ownProcess || known.living().some((each) => processOf(each, ownProcess) === process);
      const failed = (name: string): void => self.fail(`metric:${name}`);
      const commit = await inheritedSums.prepare(
        reports.map((report) => [report, processOf(known.get(report.head.id)!, ownProcess)]),
        lives,
        new Slices(runtime),
        failed,
      );
      // Meanwhile a newer report may have come, or another heir; then they wait for the next time.
      const areAsBefore = ended.every((each) => known.get(each.id) === each && each.hasEnded) &&
        reportsOf(ended).every((report, i) => report === reports[i]);
      if (!areAsBefore) return;
      commit();
      for (const { id, report } of ended) {
        for (const each of [id, ...report?.head.heirOf ?? []]) known.inherit(each);
        forget(id);
      }
    } catch {
      self.fail("copies");
    } finally {
      this.#isInheriting = false;
    }
  }
}

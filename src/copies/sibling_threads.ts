/**
 * What is known of the other threads of this process without being told.
 *
 * @module
 */

import type { SelfMetrics } from "../metrics/self_metrics.ts";
import type { KnownCopies } from "./known_copies.ts";
import type { Report } from "./report.ts";
import type { Moment } from "./shared_reader.ts";
import type { Threads } from "./threads.ts";

/** What is needed to know it. */
export interface SiblingThreadsOptions {
  /** Undefined where threads share no memory. */
  readonly threads: Threads | undefined;
  readonly known: KnownCopies;
  readonly self: SelfMetrics;
  /** Called with those that were found to have ended. */
  ended(ids: readonly string[]): Promise<void>;
}

/** Reads the memory of those threads that do not tell. */
export class SiblingThreads {
  readonly #options: SiblingThreadsOptions;

  constructor(options: SiblingThreadsOptions) {
    this.#options = options;
  }

  /** Whether a copy is a thread whose memory is read. */
  has(id: string): boolean {
    return this.#options.threads?.has(id) === true;
  }

  /** How late its next beat is, in seconds. */
  overdueSeconds(id: string): number {
    return this.#options.threads?.overdueSeconds(id) ?? 0;
  }

  /** Adds to what a thread has told what is in its memory; undefined where that cannot be read. */
  complete(report: Report, moment: Moment | undefined): Report | undefined {
    const { threads, known, self } = this.#options;
    const { id } = report.head;
    // What was read last stands.
    if (!this.has(id)) return known.get(id)?.report && report.with([], -1);
    return self.attempt("copies", () => threads?.complete(report, moment));
  }

  /** Reads a thread for the last time. */
  leave(id: string): void {
    this.#read(id);
    this.forget(id);
  }

  /** Reads no more of one that has told its last. */
  forget(id: string): void {
    this.#options.threads?.forget(id);
  }

  /** Looks which of those that do not beat have ended. */
  async look(): Promise<void> {
    await this.#endThose(this.#options.threads?.silent().map(({ id }) => id) ?? []);
  }

  /** Reads all but those that have answered, and finds those that have ended. */
  async readAllBut(told: { has(id: string): boolean }): Promise<void> {
    const { known } = this.#options;
    const silent = known.living().map(({ id }) => id).filter((id) => this.has(id) && !told.has(id));
    await this.#endThose(silent);
    for (const id of silent) if (this.has(id)) this.#read(id);
  }

  #read(id: string): void {
    const { threads, known, self } = this.#options;
    if (!threads) return;
    const report = self.attempt("copies", () => threads.live(id, known.get(id)?.report));
    if (report) known.absorb(report);
  }

  async #endThose(ids: readonly string[]): Promise<void> {
    const { threads, known, self, ended } = this.#options;
    if (!threads || ids.length === 0) return;
    try {
      const gone = (await threads.ended(ids)).filter((id) => known.get(id)?.hasEnded === false);
      if (gone.length > 0) await ended(gone);
    } catch {
      self.fail("copies");
    }
  }
}

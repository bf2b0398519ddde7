/**
 * How one copy answers those that ask for its numbers.
 *
 * @module
 */

import type { CopiesOptions } from "./copy_parts.ts";
import type { KnownCopies } from "./known_copies.ts";
import type { OwnReports } from "./own_reports.ts";
import type { Sender } from "./sender.ts";

export interface AnswersOptions extends Pick<CopiesOptions, "gatherOwn" | "self"> {
  readonly own: OwnReports;
  readonly known: KnownCopies;
  readonly sender: Sender;
}

/** Answers everybody that asks; those that ask while a snapshot is taken get the next one. */
export class Answers {
  readonly #options: AnswersOptions;
  /** The newest question of each copy that waits for an answer, which answers those before it as well. */
  #asked = new Map<string, number>();
  #isAnswering = false;

  constructor(options: AnswersOptions) {
    this.#options = options;
  }

  /** Answers a copy's question. */
  answer(to: string, round: number): void {
    this.#asked.set(to, round);
    if (!this.#isAnswering) void this.#answerAll();
  }

  async #answerAll(): Promise<void> {
    const { own, known, sender, self, gatherOwn } = this.#options;
    this.#isAnswering = true;
    try {
      while (this.#asked.size > 0) {
        const asked = this.#asked;
        this.#asked = new Map();
        let taken = own.takenNow();
        const gathered = await gatherOwn(() => taken = own.takenNow());
        const reports = own.of(gathered, taken);
        for (const [to, round] of asked) {
          const isReader = sender.isReader(to);
          const report = await reports(isReader);
          sender.post("tell", { to, round, digest: known.digest() }, [report], isReader ? taken.moment : undefined);
        }
      }
    } catch {
      self.fail("copies");
    } finally {
      this.#isAnswering = false;
    }
  }
}

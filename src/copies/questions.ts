/**
 * What one door asks the same door of another copy.
 *
 * @module
 */

import type { AnswerOthers, LivingCopy } from "../gather/other_copies.ts";
import type { Runtime } from "../runtime/shim.ts";
import type { Identity } from "./copy_parts.ts";
import { namesOf } from "./joined_page.ts";
import { type KnownCopies, processOf } from "./known_copies.ts";
import type { MessageHead, MessageKind } from "./message.ts";

/** The most questions that wait for an answer: each ends by the deadline. */
const mostQuestions = 1000;

export interface QuestionsOptions {
  readonly runtime: Pick<Runtime, "startTimer" | "stopTimer">;
  readonly deadlineSeconds: number;
  post(kind: MessageKind, more: Partial<MessageHead>): void;
  /** Counts a question that could not be answered. */
  failed(): undefined;
  answerOf(door: string): AnswerOthers | undefined;
}

/** The questions that wait for an answer. */
export class Questions {
  readonly #options: QuestionsOptions;
  readonly #waiting = new Map<number, { readonly to: string; done(text: string | undefined): void }>();
  #asked = 0;

  constructor(options: QuestionsOptions) {
    this.#options = options;
  }

  /** Asks; undefined where no answer comes within the deadline. */
  ask(to: string, door: string, text: string): Promise<string | undefined> {
    if (this.#waiting.size >= mostQuestions) return Promise.resolve(undefined);
    const { runtime, deadlineSeconds, post } = this.#options;
    const round = ++this.#asked;
    return new Promise((resolve) => {
      const timer = runtime.startTimer?.(() => done(undefined), deadlineSeconds);
      const done = (text: string | undefined): void => {
        this.#waiting.delete(round);
        runtime.stopTimer?.(timer);
        resolve(text);
      };
      this.#waiting.set(round, { to, done });
      post("question", { to, round, door, text });
    });
  }

  /** Takes a message; answers whether it was a question or an answer. */
  took(head: MessageHead): boolean {
    const { kind, from, round, text } = head;
    if (kind === "question") {
      void this.#answer(head);
      return true;
    }
    if (kind !== "answer") return false;
    const waiting = this.#waiting.get(round!);
    // It is taken from whom was asked alone.
    if (waiting?.to === from) waiting.done(text);
    return true;
  }

  async #answer({ from, round, door = "", text = "" }: MessageHead): Promise<void> {
    const told = await (async () => await this.#options.answerOf(door)?.(text))().catch(() => this.#options.failed());
    this.#options.post("answer", { to: from, round: round!, ...(typeof told === "string" && { text: told }) });
  }
}

/** This copy, and behind it the others by their names, as far as they have told of themselves. */
export function livingCopies({ id, copy }: Identity, process: string, known: KnownCopies): LivingCopy[] {
  const others = known.living().flatMap((each) => {
    const { report } = each;
    return report ? [{ id: each.id, copy: report.head.copy, process: processOf(each, process) }] : [];
  });
  const all = [{ id, copy, process }, ...others.sort((a, b) => a.copy < b.copy ? -1 : 1)];
  const nameOf = namesOf(all);
  return all.map((each) => ({ id: each.id, name: nameOf(each), process: each.process }));
}

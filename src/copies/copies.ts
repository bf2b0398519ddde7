/**
 * One copy among others: it answers them, remembers what they told, and joins it with its own.
 *
 * @module
 */

import type { Gathered } from "../gather/gather.ts";
import { Slices } from "../gather/loop_budget.ts";
import type { CopiesRound, OtherCopies } from "../gather/other_copies.ts";
import { Answers } from "./answers.ts";
import { Hub } from "./hub.ts";
import { Heirs } from "./heirs.ts";
import { Inheritance } from "./inheritance.ts";
import { joinPage } from "./joined_page.ts";
import { KnownCopies, type KnownCopy, processOf, reportsOf } from "./known_copies.ts";
import { type Message, type MessageHead, readMessage } from "./message.ts";
import { OwnReports, type Taken } from "./own_reports.ts";
import { Round } from "./round.ts";
import type { CopiesOptions } from "./copy_options.ts";
import type { Moment } from "./shared_reader.ts";
import { Siblings } from "./siblings.ts";
import { Speaker } from "./speaker.ts";

/** So long a new copy waits for those that it does not know yet, in seconds: threads have been seen to take 0.13 s. */
const openSeconds = 0.25;

/** How many others keep what a page showed. */
const witnesses = 2;

/** One copy. */
export class Copies implements Pick<OtherCopies, "begin"> {
  readonly known: KnownCopies;
  readonly speaker: Speaker;
  readonly hub: Hub;
  readonly #options: CopiesOptions;
  readonly #inheritance = new Inheritance();
  readonly #heirs: Heirs;
  readonly #own: OwnReports;
  readonly #answers: Answers;
  readonly #siblings: Siblings;
  readonly #openUntil: number;
  readonly #rounds = new Map<number, Round>();
  #roundsBegun = 0;

  constructor(options: CopiesOptions) {
    this.#options = options;
    const { identity: { id }, group, runtime, deadlineSeconds, self } = options;
    self.expect("copies");
    this.#openUntil = runtime.now() + Math.min(openSeconds, deadlineSeconds);
    this.known = new KnownCopies(id, () => runtime.now());
    this.#heirs = new Heirs({
      ...{ runtime, self, known: this.known, inheritance: this.#inheritance },
      forget: (id) => this.hub.forget(id),
    });
    this.speaker = new Speaker(options, this.known, () => this.hub);
    this.#own = new OwnReports(options, this.#inheritance, () => this.speaker.process);
    const { gatherOwn } = options;
    this.#answers = new Answers({ own: this.#own, known: this.known, speaker: this.speaker, self, gatherOwn });
    this.#siblings = new Siblings({
      ...{ self, known: this.known, threads: options.shared?.threads },
      ended: (ids) => this.#lose(ids),
    });
    this.hub = new Hub(id, group, {
      heard: (head, text, isSibling, moment) => this.#heard(head, text, isSibling, moment),
      ended: (ids) => {
        this.#end(ids);
        // Those that cannot see it themselves.
        this.speaker.post("gone", { ids });
      },
      refused: (reason) => this.refuse(reason),
      stranger: (id, reason) => {
        if (this.known.shun(id)) this.refuse(reason);
        this.#end([]);
      },
    });
  }

  /** What it says to those that do not know it. */
  hello(): string {
    return this.speaker.text("hello");
  }

  /** Tells everybody its last sums, by which they know that it has ended. */
  bye(own: Gathered): void {
    this.speaker.post("bye", {}, [this.#own.now(own)]);
  }

  /** Counts what is not to be believed. */
  refuse(reason: string): void {
    this.#options.self.fail("copies");
    this.#options.warn(`Cannot read copy: ${reason}`);
  }

  /** Asks what the others know, so that it is known here should all of them end before a page is asked for. */
  async learn(): Promise<void> {
    const { round, number } = this.#ask(false);
    await round.done;
    round.end();
    this.#rounds.delete(number);
  }

  begin(): CopiesRound {
    const { round, number } = this.#ask(true);
    let taken = this.#own.takenNow();
    return {
      taken: () => void (taken = this.#own.takenNow()),
      join: async (own) => {
        try {
          return await this.#join(own, taken, round, number);
        } catch {
          // Nothing of ours is known to throw here; the page shows this copy alone rather than nothing.
          this.#options.self.fail("copies");
          return own;
        } finally {
          round.end();
          this.#rounds.delete(number);
        }
      },
    };
  }

  #ask(isAwaited: boolean): { round: Round; number: number } {
    this.#options.look();
    const { runtime, deadlineSeconds } = this.#options;
    void this.#siblings.look();
    const number = ++this.#roundsBegun;
    const round = new Round({
      runtime,
      known: this.known,
      deadlineSeconds,
      isAwaited,
      isStuck: (id) => this.#siblings.overdueSeconds(id) > deadlineSeconds,
      openUntil: this.#openUntil,
      give: (to, ids) => this.speaker.post("give", { to, ids, round: number }),
    });
    this.#rounds.set(number, round);
    this.speaker.post("ask", { round: number });
    return { round, number };
  }

  async #join(own: Gathered, taken: Taken, round: Round, number: number): Promise<Gathered> {
    const { identity: { id, copy }, prefix, self } = this.#options;
    const slices = this.#slices();
    await round.done;
    await this.#siblings.readAllBut(round.told);
    // All of one moment: a copy and its heir must not both tell the same sums.
    const known = [...this.known.all()];
    const others = known.flatMap((each) => {
      const { report, hasEnded } = each;
      return report ? [{ report, hasEnded, process: processOf(each, this.speaker.process) }] : [];
    });
    const { families: inherited, heirs } = this.#inheritance;
    const living = known.filter(({ hasEnded }) => !hasEnded);
    const alive = living.filter(({ id }) => round.told.has(id)).length;
    const states = {
      alive: 1 + alive,
      late: living.length - alive,
      ended: others.reduce((sum, { report, hasEnded }) => sum + report.head.heirs + (hasEnded ? 1 : 0), heirs),
    };
    const kept = this.#leaveWithWitnesses(own, taken, round, number);
    const page = await joinPage({ id, copy, process: this.speaker.process, own, inherited }, others, {
      ...{ prefix, states, slices },
      failed: (name) => self.fail(`metric:${name}`),
      unread: () => self.fail("copies"),
    });
    await kept;
    this.#seeToHeirs(round);
    return page;
  }

  /** Gives what stands on this page to others, so that no page after it shows less, whoever ends. */
  async #leaveWithWitnesses(own: Gathered, taken: Taken, round: Round, number: number): Promise<void> {
    if (round.told.size === 0) return;
    // Threads of this process end with it, and what they have is lost then.
    const [far, near] = [false, true].map((isSibling) =>
      this.#byAge(round).filter((each) => each.isSibling === isSibling)
    );
    const reports = this.#own.of(own, taken);
    for (const { id } of [...far!, ...near!].slice(0, witnesses)) {
      const report = await reports(this.speaker.isReader(id));
      const has = new Map((round.told.get(id) ?? []).map(([id, number]) => [id, number]));
      const news = [...this.known.all()]
        .filter((each) => each.id !== id && (each.report?.readNumber ?? 0) > (has.get(each.id) ?? 0))
        .map(({ report }) => report!);
      await this.speaker.tell("know", { to: id, round: number }, [report, ...news]);
    }
    await round.untilKept();
  }

  /** The eldest that lives inherits from those that have ended a while ago, so that they need not be kept one by one. */
  #seeToHeirs(round: Round): void {
    const ended = this.#heirs.due();
    if (ended.length === 0) return;
    const ids = ended.map(({ id }) => id);
    const [eldest] = this.#byAge(round);
    const isElder = eldest && bornAt(eldest) < this.#options.identity.bornAt;
    if (isElder) void this.speaker.tell("adopt", { to: eldest.id, ids }, reportsOf(ended));
    else void this.#heirs.inherit(ids, this.speaker.process);
  }

  /** Those that have answered, the eldest first. */
  #byAge(round: Round): KnownCopy[] {
    return [...round.told.keys()].map((id) => this.known.get(id)).filter((each) => each !== undefined)
      .sort((a, b) => bornAt(a) - bornAt(b) || (a.id < b.id ? -1 : 1));
  }

  #heard(head: MessageHead, text: string, isSibling: boolean, moment: Moment | undefined): void {
    let message: Message;
    try {
      message = readMessage(head, text);
    } catch {
      return this.refuse("what came is no message of a copy");
    }
    if (!this.#options.tookQuestion(head)) this.#take(message, isSibling, moment);
  }

  #take({ head, reports }: Message, isSibling: boolean, moment: Moment | undefined): void {
    const { kind, from, round: number = 0, digest = [], ids = [] } = head;
    if (this.known.hasHeir(from)) return;
    this.known.heard(from, isSibling, head.reads);
    for (const report of reports) {
      const { id, isPart } = report.head;
      const whole = isPart ? this.#siblings.complete(report, id === from ? moment : undefined) : report;
      if (whole) this.known.absorb(whole);
    }
    // What comes by no other way than the threads' is of the same process.
    if (isSibling) this.speaker.hearProcess(head);
    // Of a thread of this process nobody knows better.
    for (const [id, , hasEnded] of digest) {
      this.known.hearsay(id, hasEnded === 1 && !this.#siblings.has(id));
    }
    for (const [round, each] of this.#rounds) if (each.welcomes(from)) this.speaker.post("ask", { to: from, round });
    const round = this.#rounds.get(number);
    switch (kind) {
      case "hello":
        this.speaker.post("here", { to: from, digest: this.known.digest() });
        // At once: all that are there now may end before a page is asked for.
        this.#answers.answer(from, 0);
        break;
      case "ask":
        this.#answers.answer(from, number);
        break;
      case "tell":
        round?.answered(from, digest);
        break;
      case "give":
        void this.speaker.tell("know", { to: from, round: number }, reportsOf(ids.map((id) => this.known.get(id))));
        break;
      case "know":
        this.speaker.post("kept", { to: from, round: number });
        break;
      case "kept":
        round?.kept();
        break;
      case "adopt":
        if (!this.#heirs.areOrdered(head.at)) break;
        this.#end(ids);
        void this.#heirs.inherit(ids, this.speaker.process);
        break;
      case "bye":
      case "gone":
        if (kind === "bye") this.#siblings.forget(from);
        this.#end(kind === "bye" ? [from] : ids);
        break;
    }
    for (const each of this.#rounds.values()) each.changed();
  }

  #end(ids: readonly string[]): void {
    for (const id of ids) {
      this.#siblings.leave(id);
      this.known.end(id);
    }
    for (const round of this.#rounds.values()) round.changed();
  }

  /** Takes threads off the living that have ended without a word, and tells everybody. */
  async #lose(ids: readonly string[]): Promise<void> {
    this.#end(ids);
    const areAlone = [...this.known.all()].every(({ isSibling }) => isSibling);
    await this.speaker.tell("gone", { ids }, areAlone ? [] : reportsOf(ids.map((id) => this.known.get(id))));
  }

  #slices(): Slices {
    return new Slices(this.#options.runtime);
  }
}

function bornAt({ report }: KnownCopy): number {
  return report?.head.bornAt ?? Number.POSITIVE_INFINITY;
}

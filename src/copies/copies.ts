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
import { EndedCopies } from "./ended_copies.ts";
import { InheritedSums } from "./inherited_sums.ts";
import { joinPage } from "./joined_page.ts";
import { KnownCopies, processOf, reportsOf } from "./known_copies.ts";
import { type Message, type MessageHead, readMessage, type ShownReport } from "./message.ts";
import { OwnReports, type Taken } from "./own_reports.ts";
import { PacedWork } from "./paced_work.ts";
import { CollectionRound } from "./collection_round.ts";
import type { CopiesOptions } from "./copy_parts.ts";
import type { Moment } from "./shared_reader.ts";
import { newest, ShownPages } from "./shown_pages.ts";
import { SiblingThreads } from "./sibling_threads.ts";
import { Sender } from "./sender.ts";
import { PageBackups } from "./page_backups.ts";

/** So long a new copy waits for those that it does not know yet, in seconds: threads have been seen to take 0.13 s. */
const openSeconds = 0.25;

/** One copy. */
export class Copies implements Pick<OtherCopies, "begin"> {
  readonly known: KnownCopies;
  readonly sender: Sender;
  readonly hub: Hub;
  readonly #options: CopiesOptions;
  readonly #inheritedSums = new InheritedSums();
  readonly #endedCopies: EndedCopies;
  readonly #own: OwnReports;
  readonly #answers: Answers;
  readonly #siblings: SiblingThreads;
  readonly #reading: PacedWork;
  readonly #shown: ShownPages;
  readonly #backups: PageBackups;
  readonly #openUntil: number;
  readonly #rounds = new Map<number, CollectionRound>();
  #roundsBegun = 0;

  constructor(options: CopiesOptions) {
    this.#options = options;
    const { identity: { id }, group, runtime, deadlineSeconds, self } = options;
    self.expect("copies");
    this.#openUntil = runtime.now() + Math.min(openSeconds, deadlineSeconds);
    this.known = new KnownCopies(id, () => runtime.now());
    this.#endedCopies = new EndedCopies({
      ...{ runtime, self, known: this.known, inheritedSums: this.#inheritedSums },
      forget: (id) => this.hub.forget(id),
    });
    this.sender = new Sender(options, this.known, () => this.hub);
    this.#own = new OwnReports(options, this.#inheritedSums, () => this.sender.process);
    this.#reading = new PacedWork(runtime, () => self.fail("copies"));
    this.#shown = new ShownPages(this.known);
    this.#backups = new PageBackups({ ...options, known: this.known, sender: this.sender, own: this.#own });
    this.#answers = new Answers({ ...options, own: this.#own, known: this.known, sender: this.sender });
    this.#siblings = new SiblingThreads({
      ...{ self, known: this.known, threads: options.shared?.threads },
      ended: (ids) => this.#lose(ids),
    });
    this.hub = new Hub(id, group, {
      heard: (head, text, isSibling, moment) =>
        this.#reading.do(this, text.length, () => this.#read(head, text, isSibling, moment)),
      ended: (ids) => {
        // What they said last.
        this.#reading.flush();
        this.#end(ids);
        // Those that cannot see it themselves.
        this.sender.post("gone", { ids });
      },
      refused: (reason) => this.refuse(reason),
      stranger: (id, reason) => {
        if (this.known.shun(id)) this.refuse(reason);
        this.#end([]);
      },
    });
  }

  /** Tells everybody its last sums, by which they know that it has ended. */
  bye(own: Gathered): void {
    this.sender.post("bye", {}, [this.#own.now(own)]);
  }

  /** Notes that a copy is there that has not spoken yet; a page that is asked for now waits for it as well. */
  meet(id: string): void {
    this.known.meet(id);
    for (const round of this.#rounds.values()) if (this.known.get(id)) round.expects(id);
  }

  /** Takes that back of one that is none. */
  forget(id: string): void {
    this.known.forget(id);
    this.#end([]);
  }

  /** Counts what is not to be believed. */
  refuse(reason: string): void {
    this.#options.self.fail("copies");
    this.#options.warn(`Cannot read copy: ${reason}`);
  }

  /** Asks what the others know, so that it is known here should all of them end before a page is asked for. */
  async learn(): Promise<void> {
    const round = this.#ask(false);
    await round.untilDone();
    this.#finish(round);
  }

  begin(): CopiesRound {
    const round = this.#ask(true);
    let taken = this.#own.takenNow();
    return {
      taken: () => void (taken = this.#own.takenNow()),
      join: async (own) => {
        try {
          return await this.#join(own, taken, round);
        } catch {
          // Nothing of ours is known to throw here; the page shows this copy alone rather than nothing.
          this.#options.self.fail("copies");
          return own;
        } finally {
          this.#finish(round);
        }
      },
    };
  }

  #ask(isAwaited: boolean): CollectionRound {
    this.#options.look();
    const { runtime, deadlineSeconds } = this.#options;
    void this.#siblings.look();
    const number = ++this.#roundsBegun;
    const round = new CollectionRound({
      ...{ number, runtime, known: this.known, deadlineSeconds, isAwaited },
      isStuck: (id) => this.#siblings.overdueSeconds(id) > deadlineSeconds,
      openUntil: this.#openUntil,
      give: (to, ids, round) => this.sender.post("give", { to, ids, round }),
    });
    this.#rounds.set(number, round);
    this.sender.post("ask", { round: number, shown: this.#shown.taken() });
    return round;
  }

  #finish(round: CollectionRound): void {
    round.end();
    this.#rounds.delete(round.number);
  }

  async #join(own: Gathered, taken: Taken, round: CollectionRound): Promise<Gathered> {
    const { identity: { id, copy }, prefix, self } = this.#options;
    const slices = new Slices(this.#options.runtime);
    await round.untilDone();
    await this.#siblings.readAllBut(round.told);
    // All of one moment: a copy and its heir must not both tell the same sums.
    const known = [...this.known.all()];
    const others = known.flatMap((each) => {
      const { report, hasEnded } = each;
      return report ? [{ report, hasEnded, process: processOf(each, this.sender.process) }] : [];
    });
    const { families: inherited, adopted } = this.#inheritedSums;
    const living = known.filter(({ hasEnded }) => !hasEnded);
    const alive = living.filter(({ id }) => round.told.has(id)).length;
    const states = {
      alive: 1 + alive,
      late: living.length - alive,
      ended: others.reduce((sum, { report, hasEnded }) => sum + report.head.adopted + Number(hasEnded), adopted),
    };
    const kept = round.told.size > 0
      ? this.#backups.leave(own, taken, round, this.known.byAge(round.told.keys()))
      : undefined;
    // It is awaited below, unless something else throws before.
    kept?.catch(() => {});
    let of: readonly ShownReport[] = [
      [id, taken.number, taken.number],
      ...others.map(({ report }): ShownReport => [report.head.id, report.head.number, report.readNumber]),
    ];
    const ahead = this.#shown.ahead(of);
    const failed = (name: string): void => self.fail(`metric:${name}`);
    let joined = await joinPage({ id, copy, process: this.sender.process, own, inherited }, others, {
      ...{ prefix, states, slices, failed },
      unread: () => self.fail("copies"),
    });
    for (const each of ahead) {
      const raised = await this.#shown.raise(joined, each, slices, failed);
      if (!raised) continue;
      joined = raised;
      of = newest(of, each.of);
    }
    await kept;
    await this.#backups.show(joined, of, round);
    await round.untilKept();
    this.#inheritFromEnded(round, states.late);
    return joined;
  }

  /** The eldest that lives inherits from those that have ended a while ago, so that they need not be kept one by one. */
  #inheritFromEnded(round: CollectionRound, late: number): void {
    const ended = this.#endedCopies.due(late > 0);
    if (ended.length === 0) return;
    const ids = ended.map(({ id }) => id);
    const [eldest] = this.known.byAge(round.told.keys());
    const isElder = eldest && eldest.report!.head.bornAt < this.#options.identity.bornAt;
    if (isElder) void this.sender.tell("adopt", { to: eldest.id, ids }, reportsOf(ended));
    else void this.#endedCopies.inherit(ids, this.sender.process);
  }

  #read(head: MessageHead, text: string, isSibling: boolean, moment: Moment | undefined): void {
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
    for (const report of kind === "shown" ? [] : reports) {
      const { id, isPart } = report.head;
      const whole = isPart ? this.#siblings.complete(report, id === from ? moment : undefined) : report;
      if (whole) this.known.absorb(whole);
    }
    // What comes by no other way than the threads' is of the same process.
    if (isSibling) this.sender.hearProcess(head);
    // Of a thread of this process nobody knows better.
    for (const [id, , hasEnded] of digest) {
      this.known.hearsay(id, hasEnded === 1 && !this.#siblings.has(id));
    }
    for (const each of this.#rounds.values()) {
      if (each.welcomes(from)) this.sender.post("ask", { to: from, round: each.number, shown: this.#shown.taken() });
    }
    const round = this.#rounds.get(number);
    switch (kind) {
      case "hello":
        this.sender.post("here", { to: from, digest: this.known.digest() });
        // At once: all that are there now may end before a page is asked for.
        this.#answers.answer(from, 0);
        this.#backups.tell(from, this.#shown.unknownTo(from, []));
        break;
      case "ask":
        // Before the answer: it may have been missed by one that hung, or is new.
        this.#backups.tell(from, this.#shown.unknownTo(from, head.shown ?? []));
        this.#answers.answer(from, number);
        break;
      case "tell":
        for (const each of this.#rounds.values()) if (each.number <= number) each.answered(from, digest);
        break;
      case "give":
        void this.sender.tell("know", { to: from }, reportsOf(ids.map((id) => this.known.get(id))));
        break;
      case "shown":
      case "know":
        if (kind === "shown" && reports[0]) this.#shown.take({ of: head.shown ?? [], report: reports[0] });
        if (head.round !== undefined) this.sender.post("kept", { to: from, round: number });
        break;
      case "kept":
        round?.kept(from);
        break;
      case "adopt":
        if (!this.#endedCopies.isOrderedNow(head.at)) break;
        this.#end(ids);
        void this.#endedCopies.inherit(ids, this.sender.process);
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
    this.#reading.flush();
    this.#end(ids);
    const areAlone = [...this.known.all()].every(({ isSibling }) => isSibling);
    await this.sender.tell("gone", { ids }, areAlone ? [] : reportsOf(ids.map((id) => this.known.get(id))));
  }
}

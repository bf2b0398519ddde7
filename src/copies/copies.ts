/**
 * One copy among others: it answers them, remembers what they told, and joins it with its own.
 *
 * @module
 */

import type { Gathered } from "../gather/gather.ts";
import { Slices } from "../gather/loop_budget.ts";
import type { CopiesRound, OtherCopies } from "../gather/other_copies.ts";
import { Hub } from "./hub.ts";
import { familyLine } from "./family_wire.ts";
import { Heirs } from "./heirs.ts";
import { Inheritance } from "./inheritance.ts";
import { joinPage } from "./joined_page.ts";
import { KnownCopies, type KnownCopy, processOf, reportsOf } from "./known_copies.ts";
import { type Message, type MessageHead, type MessageKind, messageText, readMessage } from "./message.ts";
import { familyLines, Report } from "./report.ts";
import { Round } from "./round.ts";
import type { CopiesOptions } from "./copy_options.ts";

/** So long a new copy waits for those that it does not know yet, in seconds: threads have been seen to take 0.13 s. */
const openSeconds = 0.25;

/** How many others keep what a page showed. */
const witnesses = 2;

/** One copy. */
export class Copies implements Pick<OtherCopies, "begin"> {
  readonly known: KnownCopies;
  readonly hub: Hub;
  readonly #options: CopiesOptions;
  readonly #inheritance = new Inheritance();
  readonly #heirs: Heirs;
  readonly #openUntil: number;
  readonly #rounds = new Map<number, Round>();
  /** The newest question of each copy that waits for an answer. */
  #asked = new Map<string, number>();
  #isAnswering = false;
  #process: string;
  /** When the sibling was born whose word for our process we took. */
  #elderBornAt: number;
  #reports = 0;
  #roundsBegun = 0;

  constructor(options: CopiesOptions) {
    this.#options = options;
    const { identity: { id, process, bornAt }, group, runtime, deadlineSeconds, self } = options;
    self.expect("copies");
    this.#process = process;
    this.#elderBornAt = bornAt;
    this.#openUntil = runtime.now() + Math.min(openSeconds, deadlineSeconds);
    this.known = new KnownCopies(id, () => runtime.now());
    this.#heirs = new Heirs({
      ...{ runtime, self, known: this.known, inheritance: this.#inheritance },
      forget: (id) => this.hub.forget(id),
    });
    this.hub = new Hub(id, group, {
      heard: (head, text, isSibling) => this.#heard(head, text, isSibling),
      ended: (ids) => {
        this.#end(ids);
        // Those that cannot see it themselves.
        this.#post("gone", { ids });
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
    return messageText(this.head("hello"));
  }

  /** Tells everybody its last sums, by which they know that it has ended. */
  bye(own: Gathered): void {
    this.#post("bye", {}, [this.#reportOf(own, own.families.map(familyLine))]);
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
    return {
      join: async (own) => {
        try {
          return await this.#join(own, round, number);
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
    const number = ++this.#roundsBegun;
    const round = new Round({
      runtime,
      known: this.known,
      deadlineSeconds,
      isAwaited,
      openUntil: this.#openUntil,
      give: (to, ids) => this.#post("give", { to, ids, round: number }),
    });
    this.#rounds.set(number, round);
    this.#post("ask", { round: number });
    return { round, number };
  }

  async #join(own: Gathered, round: Round, number: number): Promise<Gathered> {
    const { identity: { id, copy }, prefix, self } = this.#options;
    const slices = this.#slices();
    await round.done;
    // All of one moment: a copy and its heir must not both tell the same sums.
    const known = [...this.known.all()];
    const others = known.flatMap((each) => {
      const { report, hasEnded } = each;
      return report ? [{ report, hasEnded, process: processOf(each, this.#process) }] : [];
    });
    const { families: inherited, heirs } = this.#inheritance;
    const living = known.filter(({ hasEnded }) => !hasEnded);
    const alive = living.filter(({ id }) => round.told.has(id)).length;
    const states = {
      alive: 1 + alive,
      late: living.length - alive,
      ended: others.reduce((sum, { report, hasEnded }) => sum + report.head.heirs + (hasEnded ? 1 : 0), heirs),
    };
    const kept = this.#leaveWithWitnesses(own, round, number);
    const page = await joinPage({ id, copy, process: this.#process, own, inherited }, others, {
      ...{ prefix, states, slices },
      failed: (name) => self.fail(`metric:${name}`),
      unread: () => self.fail("copies"),
    });
    await kept;
    this.#seeToHeirs(round);
    return page;
  }

  /** Gives what stands on this page to others, so that no page after it shows less, whoever ends. */
  async #leaveWithWitnesses(own: Gathered, round: Round, number: number): Promise<void> {
    if (round.told.size === 0) return;
    const report = this.#reportOf(own, await familyLines(own.families, this.#slices()));
    for (const { id } of this.#byAge(round).slice(0, witnesses)) {
      const has = new Map((round.told.get(id) ?? []).map(([id, number]) => [id, number]));
      const news = [...this.known.all()]
        .filter((each) => each.id !== id && (each.report?.head.number ?? 0) > (has.get(each.id) ?? 0))
        .map(({ report }) => report!);
      this.#post("know", { to: id, round: number }, [report, ...news]);
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
    if (isElder) this.#post("adopt", { to: eldest.id, ids }, reportsOf(ended));
    else void this.#heirs.inherit(ids, this.#process);
  }

  /** Those that have answered, the eldest first. */
  #byAge(round: Round): KnownCopy[] {
    return [...round.told.keys()].map((id) => this.known.get(id)).filter((each) => each !== undefined)
      .sort((a, b) => bornAt(a) - bornAt(b) || (a.id < b.id ? -1 : 1));
  }

  #heard(head: MessageHead, text: string, isSibling: boolean): void {
    let message: Message;
    try {
      message = readMessage(head, text);
    } catch {
      return this.refuse("what came is no message of a copy");
    }
    if (!this.#options.tookQuestion(head)) this.#take(message, isSibling);
  }

  #take({ head, reports }: Message, isSibling: boolean): void {
    const { kind, from, round: number = 0, digest = [], ids = [], process, bornAt } = head;
    if (this.known.hasHeir(from)) return;
    this.known.heard(from, isSibling);
    for (const report of reports) this.known.absorb(report);
    // What comes by no other way than the threads' is of the same process; the eldest says what it is called.
    if (isSibling && process !== undefined && bornAt !== undefined && bornAt < this.#elderBornAt) {
      this.#process = process;
      this.#elderBornAt = bornAt;
    }
    for (const [id, , hasEnded] of digest) this.known.hearsay(id, hasEnded === 1);
    for (const [round, each] of this.#rounds) if (each.welcomes(from)) this.#post("ask", { to: from, round });
    const round = this.#rounds.get(number);
    switch (kind) {
      case "hello":
        this.#post("here", { to: from, digest: this.known.digest() });
        // At once: all that are there now may end before a page is asked for.
        this.#asked.set(from, 0);
        void this.#answer();
        break;
      case "ask":
        this.#asked.set(from, number);
        void this.#answer();
        break;
      case "tell":
        round?.answered(from, digest);
        break;
      case "give":
        this.#post("know", { to: from, round: number }, reportsOf(ids.map((id) => this.known.get(id))));
        break;
      case "know":
        this.#post("kept", { to: from, round: number });
        break;
      case "kept":
        round?.kept();
        break;
      case "adopt":
        if (!this.#heirs.areOrdered(head.at)) break;
        this.#end(ids);
        void this.#heirs.inherit(ids, this.#process);
        break;
      case "bye":
      case "gone":
        this.#end(kind === "bye" ? [from] : ids);
        break;
    }
    for (const each of this.#rounds.values()) each.changed();
  }

  #end(ids: readonly string[]): void {
    for (const id of ids) this.known.end(id);
    for (const round of this.#rounds.values()) round.changed();
  }

  /** Answers everybody that asks; those that ask while a snapshot is taken get the next one. */
  async #answer(): Promise<void> {
    if (this.#isAnswering) return;
    this.#isAnswering = true;
    try {
      while (this.#asked.size > 0) {
        const asked = this.#asked;
        this.#asked = new Map();
        const own = await this.#options.gatherOwn();
        const report = this.#reportOf(own, await familyLines(own.families, this.#slices()));
        for (const [to, round] of asked) this.#post("tell", { to, round, digest: this.known.digest() }, [report]);
      }
    } catch {
      this.#options.self.fail("copies");
    } finally {
      this.#isAnswering = false;
    }
  }

  #reportOf({ labels }: Gathered, lines: readonly string[]): Report {
    const { identity: { id, copy, bornAt } } = this.#options;
    const { lines: inherited, heirOf, heirs } = this.#inheritance;
    return new Report({
      ...{ id, copy, process: this.#process, bornAt, number: ++this.#reports, labels },
      ...{ own: lines.length, lines: lines.length + inherited.length, heirOf, heirs },
    }, [...lines, ...inherited]);
  }

  #post(kind: MessageKind, more: Partial<MessageHead> = {}, reports: readonly Report[] = []): void {
    this.hub.post(messageText({ ...this.head(kind), ...more }, reports), more.to);
  }

  head(kind: MessageKind): Omit<MessageHead, "version" | "reports"> {
    const { identity: { id }, group, runtime } = this.#options;
    return { kind, group, from: id, at: runtime.unixNow(), process: this.#process, bornAt: this.#elderBornAt };
  }

  #slices(): Slices {
    return new Slices(this.#options.runtime);
  }
}

function bornAt({ report }: KnownCopy): number {
  return report?.head.bornAt ?? Number.POSITIVE_INFINITY;
}

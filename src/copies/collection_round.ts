/**
 * One page's asking: who has answered, and which reports others have that are newer.
 *
 * @module
 */

import type { Runtime } from "../runtime/shim.ts";
import type { KnownCopies } from "./known_copies.ts";
import type { DigestEntry } from "./message.ts";

/** After this share of the deadline those that have not answered are asked after among the others. */
const patience = 0.6;

/** Who has said nothing for so long, though it was asked, is waited for no longer than a moment, both in seconds. */
const [silentSeconds, momentSeconds] = [5, 0.1];

/**
 * So many turns of the loop pass before a round is over: of a process that was stopped or blocked much waits to be read, and
 * somebody may have come or ended meanwhile.
 */
const leastTurns = 3;

export interface CollectionRoundOptions {
  /** By which the others speak of it. */
  readonly number: number;
  readonly runtime: Pick<Runtime, "now" | "startTimer" | "stopTimer" | "nextTurn">;
  readonly known: KnownCopies;
  readonly deadlineSeconds: number;
  /** Until when copies that are not known yet may speak, by the runtime's clock. */
  readonly openUntil: number;
  /** Whether somebody waits for it, which keeps the process alive. */
  readonly isAwaited: boolean;
  /** Tells of a copy that it will not answer in time. */
  isStuck(id: string): boolean;
  /** Asks a copy for the reports of others, for this round. */
  give(holder: string, ids: readonly string[], round: number): void;
}

/** Waits for answers, and never longer than the deadline. */
export class CollectionRound {
  readonly number: number;
  /** Those that have answered, each with what it knows of the others. */
  readonly told: Map<string, readonly DigestEntry[]> = new Map();
  readonly #options: CollectionRoundOptions;
  readonly #deadline: number;
  readonly #waiting: Set<string>;
  /** Those that were there, or have been asked since. */
  readonly #welcome: Set<string>;
  /** Whose reports are under way from somebody who has a newer one. */
  readonly #given = new Set<string>();
  readonly #askedFor = new Set<string>();
  readonly #timers: unknown[] = [];
  #isLate = false;
  #isOpen: boolean;
  #turnsLeft: number;
  #isTurning = false;
  #isWaitedFor = false;
  /** Whose word is waited for that what stands on this page is kept, and how many of them. */
  readonly #keeping = new Map<string, number>();
  #resolve: () => void = () => {};
  #resolveKept: () => void = () => {};
  readonly #done: Promise<void>;

  constructor(options: CollectionRoundOptions) {
    this.#options = options;
    const { number, runtime, known, deadlineSeconds, openUntil } = options;
    this.number = number;
    const now = runtime.now();
    this.#deadline = now + deadlineSeconds;
    const living = known.living().map(({ id }) => id);
    this.#waiting = new Set(living.filter((id) => !options.isStuck(id)));
    this.#welcome = new Set(living);
    this.#isOpen = openUntil > now;
    this.#turnsLeft = runtime.nextTurn ? leastTurns : 0;
    this.#done = new Promise((resolve) => this.#resolve = resolve);
    this.#after(deadlineSeconds, () => this.#resolve());
    this.#after(deadlineSeconds * patience, () => this.#isLate = true);
    const silent = known.living().filter(({ owesSince = now }) => now - owesSince > silentSeconds);
    if (silent.length > 0) {
      this.#after(Math.min(momentSeconds, deadlineSeconds), () => {
        for (const { id } of silent) this.#waiting.delete(id);
      });
    }
    if (this.#isOpen) {
      this.#after(Math.min(openUntil - now, deadlineSeconds), () => this.#isOpen = false);
    }
    this.#look();
  }

  /** Waits until everything is there that will be, or the time is up. */
  untilDone(): Promise<void> {
    this.#isWaitedFor = true;
    this.#look();
    return this.#done;
  }

  /** A copy has answered; it was not known before, perhaps. */
  answered(id: string, digest: readonly DigestEntry[]): void {
    this.told.set(id, digest);
    this.#waiting.delete(id);
    this.#look();
  }

  /** Should a copy be asked that was not there when the question was sent? */
  welcomes(id: string): boolean {
    if (this.#welcome.has(id) || !this.expects(id)) return false;
    this.#welcome.add(id);
    return true;
  }

  /** Waits for a copy that has just been met, and may speak; false where it is too late for that. */
  expects(id: string): boolean {
    if (!this.#isOpen && this.#turnsLeft === 0) return false;
    if (!this.#welcome.has(id)) this.#waiting.add(id);
    return true;
  }

  /** Reports have come, or somebody has ended. */
  changed(): void {
    for (const awaited of [this.#waiting, this.#keeping]) {
      for (const id of awaited.keys()) {
        if (this.#options.known.get(id)?.hasEnded !== false) awaited.delete(id);
      }
    }
    this.#lookKept();
    this.#look();
  }

  /** A copy that has answered was given something of this page to keep. */
  gave(id: string): void {
    this.#keeping.set(id, (this.#keeping.get(id) ?? 0) + 1);
  }

  /** It has it. */
  kept(id: string): void {
    const left = (this.#keeping.get(id) ?? 0) - 1;
    if (left > 0) this.#keeping.set(id, left);
    else this.#keeping.delete(id);
    this.#lookKept();
  }

  /** Waits until the others have what stands on this page, or the time is up. */
  async untilKept(): Promise<void> {
    const left = this.#deadline - this.#options.runtime.now();
    if (this.#keeping.size === 0 || left <= 0) return;
    await new Promise<void>((resolve) => {
      this.#resolveKept = resolve;
      this.#after(left, resolve);
    });
  }

  end(): void {
    const { known, runtime } = this.#options;
    for (const id of this.#welcome) {
      const copy = known.get(id);
      if (copy && !this.told.has(id)) copy.owesSince ??= runtime.now();
    }
    for (const timer of this.#timers) runtime.stopTimer?.(timer);
  }

  #lookKept(): void {
    if (this.#keeping.size === 0) this.#resolveKept();
  }

  #look(): void {
    const { known } = this.#options;
    for (const id of this.#given) {
      const newest = this.#newest(id);
      if (!newest || known.hasHeir(id) || known.numberOf(id) >= newest.number) this.#given.delete(id);
    }
    if (this.#waiting.size === 0 || this.#isLate) this.#askOthers();
    if (this.#waiting.size > 0 || this.#given.size > 0 || this.#isOpen) return;
    if (this.#turnsLeft === 0) this.#resolve();
    else if (this.#isWaitedFor && !this.#isTurning) this.#turn();
  }

  #turn(): void {
    this.#isTurning = true;
    this.#options.runtime.nextTurn!(() => {
      this.#isTurning = false;
      this.#turnsLeft--;
      this.#look();
    });
  }

  /** Those that do not answer have told others more than us. */
  #askOthers(): void {
    const { known, give } = this.#options;
    const wanted = new Map<string, string[]>();
    const ids = new Set([...this.told.values()].flatMap((digest) => digest.map(([id]) => id)));
    for (const id of ids) {
      if (this.told.has(id) || this.#askedFor.has(id) || id === known.id || known.hasHeir(id)) continue;
      const newest = this.#newest(id);
      if (!newest || newest.number <= known.numberOf(id)) continue;
      this.#askedFor.add(id);
      this.#given.add(id);
      wanted.set(newest.holder, [...wanted.get(newest.holder) ?? [], id]);
    }
    for (const [holder, all] of wanted) give(holder, all, this.number);
  }

  #newest(id: string): { holder: string; number: number } | undefined {
    let newest: { holder: string; number: number } | undefined;
    for (const [holder, digest] of this.told) {
      for (const [of, number] of digest) {
        if (of === id && number > (newest?.number ?? 0)) newest = { holder, number };
      }
    }
    return newest;
  }

  #after(seconds: number, act: () => void): void {
    const { runtime, isAwaited } = this.#options;
    const timer = runtime.startTimer?.(
      () => {
        act();
        this.#look();
      },
      seconds,
      isAwaited,
    );
    this.#timers.push(timer);
  }
}

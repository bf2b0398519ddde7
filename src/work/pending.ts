/**
 * Work that was begun and has not ended: how much of each kind, and how old the oldest of it is.
 *
 * @module
 */

import { overflowValue } from "../metrics/family.ts";
import { heldBy, type LoopBlame, task, tellSettled } from "./loop_blame.ts";
import { type Refuse, refuser, someText } from "../check.ts";
import { isPromise } from "../runtime/promise.ts";
import { timing } from "./timing.ts";

const refuse: Refuse = refuser("Cannot track work");

/** One piece of pending work; it is its own link in its kind's list, so that tracking allocates nothing more. */
export interface PendingItem {
  /** When the work began, in seconds of the runtime's clock. */
  beganAt: number;
  /** Only a {@linkcode PendingKind} sets these. */
  previous?: PendingItem | undefined;
  next?: PendingItem | undefined;
  /** Called once, when the work is pending no more; only where somebody has to be told. */
  onOver?: () => void;
}

/** All pending work of one kind, the oldest first. */
export class PendingKind {
  private oldest: PendingItem | undefined;
  private newest: PendingItem | undefined;
  private counted = 0;

  /** How many have begun and not ended. */
  get count(): number {
    return this.counted;
  }

  /** The one that began first; undefined when none is pending. */
  get first(): PendingItem | undefined {
    return this.oldest;
  }

  /**
   * Begins a piece of work. Items come in the order of their beginning, so the first is always the oldest.
   */
  add(item: PendingItem): void {
    item.previous = this.newest;
    item.next = undefined;
    if (this.newest) this.newest.next = item;
    else this.oldest = item;
    this.newest = item;
    this.counted++;
  }

  /** Ends a piece of work, in constant time. */
  remove(item: PendingItem): void {
    if (item.previous) item.previous.next = item.next;
    else this.oldest = item.next;
    if (item.next) item.next.previous = item.previous;
    else this.newest = item.previous;
    item.previous = item.next = undefined;
    this.counted--;
    item.onOver?.();
  }

  /** Every piece of work, the oldest first. */
  *items(): Generator<PendingItem> {
    for (let item = this.oldest; item; item = item.next) yield item;
  }

  oldestAgeSeconds(now: number): number {
    return this.oldest ? Math.max(0, now - this.oldest.beganAt) : 0;
  }
}

export class PendingWork {
  readonly #kinds = new Map<string, PendingKind>();
  readonly #maxKinds: number;
  readonly #overflow: () => void;

  constructor(maxKinds: number, overflow: () => void) {
    this.#maxKinds = maxKinds;
    this.#overflow = overflow;
  }

  /** Finds a kind, or begins it. */
  kind(name: string): PendingKind {
    const known = this.#kinds.get(name);
    if (known) return known;
    if (this.#kinds.size >= this.#maxKinds && name !== overflowValue) {
      this.#overflow();
      return this.kind(overflowValue);
    }
    const kind = new PendingKind();
    this.#kinds.set(name, kind);
    return kind;
  }

  /** Every kind by name. */
  entries(): Iterable<[string, PendingKind]> {
    return this.#kinds.entries();
  }

  /**
   * Counts a promise, or what a function does, as pending until it settles.
   *
   * @throws {TypeError} If `kind` is not a string with something in it, or `work` neither a promise nor a function.
   */
  track<Result>(
    now: () => number,
    kind: string,
    work: Promise<Result> | (() => Result),
    blame?: LoopBlame,
  ): Promise<Result> | Result {
    someText.check(kind, "kind", refuse);
    // A thenable that is no promise is refused: many are lazy, and asking one when it settles would run it twice.
    if (typeof work !== "function" && !isPromise(work)) {
      refuse(TypeError, "expected a promise or a function", work, true);
    }
    const item: PendingItem = { beganAt: now() };
    const pending = this.kind(kind);
    pending.add(item);
    const holder = task(kind);
    const begin = (): Promise<Result> | Result => {
      if (typeof work === "function") return heldBy(blame, now, holder, work, item.beganAt);
      if (blame) tellSettled(work, blame, now, holder);
      return work;
    };
    return timing(begin, () => pending.remove(item));
  }
}

/**
 * Who held the event loop.
 *
 * What runs under a name says when it begins and when its synchronous part is over; that time is its own, to the
 * microsecond. What comes behind an `await` cannot say when it begins, so when its promise settles, it is suspected of what
 * has kept the next beat waiting since the last thing that is known, and accused where chance does not explain that it was
 * there. What neither of them explains is `unknown`.
 * `AsyncLocalStorage` could not tell more, since the beat runs in a context of its own, and on Node up to 22 every `await`
 * of the process would pay for it.
 *
 * @module
 */

import { soon } from "../runtime/promise.ts";
import { defined } from "../metrics/defined.ts";
import type { LoopBlame, LoopHolder, RequestHolder } from "../work/loop_blame.ts";
import { type Held, innocentShare, keyOf, lateSeconds, sharesOf, type StallShare } from "./stall_shares.ts";
import { Suspects } from "./suspects.ts";

/** Less than this is nobody's stall, and not kept, in seconds. */
const negligibleSeconds = 0.001;

/** Who writes a page of ours. */
const ownPage = "scrape ";

/** A time in which the loop answered nothing. */
export interface Stall {
  /** When it was over, in seconds of the runtime's clock. */
  readonly endedAt: number;
  readonly seconds: number;
  readonly cpuSeconds?: number;
  /** Collections of garbage within it, where the runtime tells them with their time. */
  readonly gcSeconds?: number;
  /** Who held it, the longest first; never empty. */
  readonly shares: readonly StallShare[];
}

export interface BlameOptions {
  /** From which length on, in seconds. */
  readonly stallSeconds: number;
  /** CPU time, in seconds, where it is told cheaply. */
  readonly cpuSeconds: (() => number) | undefined;
  /** The trace of a request; asked for while it runs, and only when it has held the loop for long. */
  readonly traceOf?: (request: RequestHolder) => string | undefined;
  /** Takes each stall, about one beat after its end. */
  readonly book: (stall: Stall) => void;
}

/** A thread of its own that watches the loop. */
export interface Watcher {
  /** Who runs now, undefined where nobody is known; `isRouted` where the route was found by now. */
  runs(holder: LoopHolder | undefined, isRouted?: boolean): void;
  /** The loop is free. */
  beat(): void;
  /** The loop was held for as long as a stall is, and it may have been the host. */
  stalled(): void;
  /** For how long the watching thread has not been run when it was due, in all, in seconds. */
  lostSeconds(): number;
  /** Another one takes its place. */
  replaced(): void;
}

export class Blame implements LoopBlame {
  /** Answers when the next beat is due; set by what beats. */
  dueAt: () => number = () => Infinity;
  /** Takes the collections that the runtime still holds back; set by what watches them. */
  drain: () => void = () => {};
  /** Set while a thread watches. */
  watcher: Watcher | undefined;
  readonly #options: BlameOptions;
  #current: LoopHolder | undefined;
  /** Whose synchronous part is over with the next microtasks. */
  #openEnded: LoopHolder | undefined;
  #markedAt = 0;
  /** Who has written an answer since then; undefined where nobody has, or several. */
  #answering: LoopHolder | undefined;
  #answers = 0;
  /** What was owned since the last beat. */
  #held: Held[] = [];
  readonly #suspects = new Suspects();
  /** Whose promise settled last since the last beat, of those that had waited; and whose synchronous part was over last. */
  #settled: LoopHolder | undefined;
  #left: LoopHolder | undefined;
  #longest = 0;
  /** CPU time at the last beat; not a number before the first, and where it is not told. */
  #cpuAt = Number.NaN;
  /** A stall that waits for collections to be told: they come a turn or two later on Node. */
  #open: { readonly from: number; readonly lostBefore: number; readonly stall: Stall } | undefined;
  #lostSeconds = 0;
  readonly #collections: { readonly beganAt: number; readonly seconds: number }[] = [];

  constructor(options: BlameOptions) {
    this.#options = options;
  }

  /** Whose synchronous part runs; undefined where nobody is known. */
  get holder(): LoopHolder | undefined {
    return this.#current;
  }

  enter(holder: LoopHolder, now: number): LoopHolder | undefined {
    const outer = this.#current;
    this.#charge(now);
    this.#current = holder;
    this.watcher?.runs(holder);
    return outer;
  }

  leave(outer: LoopHolder | undefined, now: number): void {
    this.#charge(now);
    this.#left = this.#current;
    this.#current = outer;
    this.watcher?.runs(outer);
  }

  /**
   * It goes on, maybe in a later turn, up to the microtasks that follow. Within somebody's synchronous part the time is that
   * one's, and the clock is not read.
   */
  goesOn(holder: LoopHolder, now: () => number): void {
    const current = this.#current;
    if (current && (current === holder || current !== this.#openEnded)) return;
    this.enter(holder, now());
    this.#openEnded = holder;
    // It is queued before anything that the holder's own code can wait for.
    soon(() => {
      if (this.#openEnded !== holder) return;
      this.#openEnded = undefined;
      this.leave(undefined, now());
    });
  }

  /** The route of what runs was found. */
  routed(holder: LoopHolder): void {
    if (this.#current === holder) this.watcher?.runs(holder, true);
  }

  settled(holder: LoopHolder, now: number): void {
    // What settles at once has waited for nothing, and is not there by chance.
    if (holder !== this.#left) this.#settled = holder;
    if (!this.#current) {
      const due = this.dueAt();
      // The loop was held from somewhere between what is known last and the first beat that waits.
      if (due < now - negligibleSeconds) {
        this.#own(holder, now - this.#markedAt - Math.max(0, due - this.#markedAt) / 2, true);
      }
      // Within somebody's synchronous part no continuation runs: the time is that one's. Before the microtasks that end it one
      // may run, and which of the two held the loop, nobody knows.
    } else if (this.#current === this.#openEnded && this.#current !== holder) this.#current = undefined;
    this.#charge(now);
  }

  answers(holder: LoopHolder): void {
    // Of several nobody knows whose way to its answer was the long one.
    this.#answering = ++this.#answers === 1 ? holder : undefined;
  }

  answered(holder: LoopHolder, now: number): void {
    if (this.#answering === holder) this.settled(holder, now);
  }

  /**
   * A collection of garbage is over.
   *
   * @param beganAt In seconds of the runtime's clock. Deno does not tell it, only what was collected since it was asked. What is
   * a stall by itself was then in the one that is being looked at, since it is asked at each.
   */
  collected(seconds: number, beganAt: number | undefined): void {
    if (beganAt === undefined) {
      const open = this.#open;
      if (!open || seconds < this.#options.stallSeconds) return;
      beganAt = open.from;
    }
    if (seconds >= negligibleSeconds) this.#collections.push({ beganAt, seconds });
    if (this.#collections.length > 100) this.#collections.shift();
  }

  /**
   * The beats that were due are answered, so the loop was free.
   *
   * @param now The runtime's clock, in seconds.
   * @param waitSeconds How long the oldest of them waited.
   * @param gapSeconds How long ago the loop was last known to be free.
   */
  beat(now: number, waitSeconds: number, gapSeconds: number): void {
    this.flush();
    this.#charge(now);
    const [lostBefore, cpuBefore] = [this.#lostSeconds, this.#cpuAt];
    this.#noteUsage();
    if (waitSeconds < lateSeconds && this.#longest < this.#options.stallSeconds) {
      const name = this.#settled && keyOf(this.#settled);
      // Our own page is asked for now and then, and says nothing of how busy the app is.
      this.#suspects.beat(name === ownPage ? undefined : name);
      this.#clear();
      return;
    }
    // The stall began somewhere between the two; at a long interval that says little.
    const seen = waitSeconds < lateSeconds ? 0 : waitSeconds + Math.min(waitSeconds, (gapSeconds - waitSeconds) / 2);
    const owned = Math.min(gapSeconds, this.#held.reduce((sum, { seconds }) => sum + seconds, 0));
    // Who owns up to all of the wait knows better than the beat how long it was.
    const isOwned = waitSeconds >= lateSeconds && owned >= waitSeconds - negligibleSeconds;
    const seconds = isOwned ? owned : Math.max(seen, owned);
    if (Math.max(isOwned ? owned : seen, this.#longest) >= this.#options.stallSeconds) {
      const used = this.#cpuAt - cpuBefore;
      const cpuSeconds = Number.isNaN(used) ? undefined : Math.min(seconds, Math.max(0, used));
      if (mayBeHost(seconds, cpuSeconds)) this.watcher?.stalled();
      const shares = sharesOf(this.#accused(seconds), seconds, cpuSeconds);
      this.#open = {
        from: now - gapSeconds,
        lostBefore,
        stall: defined({ endedAt: now, seconds, cpuSeconds, shares }),
      };
    }
    this.#clear();
  }

  /** The whole process stood still: nobody is accused. */
  resumed(now: number): void {
    this.flush();
    this.#clear();
    this.#markedAt = now;
    this.#noteUsage();
  }

  /** Books the stall that still waits for its collections. */
  flush(): void {
    const open = this.#open;
    if (!open) return;
    this.drain();
    this.#open = undefined;
    let gcSeconds = 0;
    for (const { beganAt, seconds } of this.#collections) {
      if (beganAt >= open.from && beganAt < open.stall.endedAt) gcSeconds += seconds;
    }
    this.#collections.length = 0;
    const { stall } = open;
    const { seconds, cpuSeconds } = stall;
    const whole = gcSeconds > seconds / 2 ? "gc" : this.#wasHost(stall, open.lostBefore) ? "host" : undefined;
    this.#options.book({
      ...stall,
      ...(gcSeconds > 0 && { gcSeconds: Math.min(seconds, gcSeconds) }),
      ...(whole && { shares: [defined({ kind: whole, name: "", seconds, cpuSeconds })] }),
    });
  }

  /** Was the process not run at all? Then the watching thread did not wake either for most of it. */
  #wasHost({ seconds, cpuSeconds }: Stall, lostBefore: number): boolean {
    if (!this.watcher || !mayBeHost(seconds, cpuSeconds)) return false;
    return this.watcher.lostSeconds() - lostBefore > seconds / 2;
  }

  /** The loop is free: notes what was used and lost up to here. */
  #noteUsage(): void {
    this.#cpuAt = this.#options.cpuSeconds?.() ?? Number.NaN;
    this.#lostSeconds = this.watcher?.lostSeconds() ?? 0;
    this.watcher?.beat();
  }

  #charge(now: number): void {
    if (this.#current) this.#own(this.#current, now - this.#markedAt, false);
    this.#markedAt = now;
    this.#answering = undefined;
    this.#answers = 0;
  }

  /** What was owned of a stall, without those who are only suspected of it and may have been there by chance. */
  #accused(total: number): readonly Held[] {
    const certain = this.#held.filter(({ isSuspected }) => !isSuspected);
    if (certain.reduce((sum, { seconds }) => sum + seconds, 0) >= total * (1 - innocentShare)) return certain;
    const suspected = this.#held.filter(({ isSuspected }) => isSuspected);
    const sums = new Map<string, number>();
    for (const { holder, seconds } of suspected) sums.set(keyOf(holder), (sums.get(keyOf(holder)) ?? 0) + seconds);
    const accused = this.#suspects.accused([...sums.keys()].filter((key) => sums.get(key)! >= total * innocentShare));
    return [...certain, ...suspected.filter(({ holder }) => accused.has(keyOf(holder)))];
  }

  #own(holder: LoopHolder, seconds: number, isSuspected: boolean): void {
    if (seconds < negligibleSeconds) return;
    // Now, since a request that is over tells nothing more on some runtimes.
    const traceId = seconds >= lateSeconds && "series" in holder ? this.#options.traceOf?.(holder) : undefined;
    this.#held.push({ holder, seconds, isSuspected, traceId });
    if (seconds > this.#longest) this.#longest = seconds;
  }

  #clear(): void {
    this.#held.length = 0;
    this.#longest = 0;
    this.#settled = undefined;
    this.#left = undefined;
  }
}

/** A thread that computes is run; another one may wait for a CPU meanwhile. */
function mayBeHost(seconds: number, cpuSeconds: number | undefined): boolean {
  return (cpuSeconds ?? 0) <= seconds / 2;
}

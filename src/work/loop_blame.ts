/**
 * What code that runs on the event loop tells of itself, so that a stall can be blamed on it.
 *
 * @module
 */

/** Something that can hold the loop. Its name is asked for only when it has held the loop for long. */
export type LoopHolder = NamedHolder | RequestHolder;

export interface NamedHolder {
  /** The kind, such as `task`, and a name out of few. */
  heldBy(): readonly [kind: string, name: string];
}

/** Work of a name that is always the same. */
export function task(name: string): NamedHolder {
  return { heldBy: () => ["task", name] };
}

/** A request, counted in a series whose route may not be found yet. */
export interface RequestHolder extends NamedHolder {
  readonly series: { readonly method: string; readonly route: string };
}

/** Notes who runs. */
export interface LoopBlame {
  /**
   * Its synchronous part begins.
   *
   * @param now The runtime's clock, in seconds.
   * @returns Who ran before, to be handed to {@linkcode LoopBlame.leave}.
   */
  enter(holder: LoopHolder, now: number): LoopHolder | undefined;
  /** The synchronous part is over, and who ran before goes on. */
  leave(outer: LoopHolder | undefined, now: number): void;
  /** Its promise has settled: what held the loop until now, and nobody else has owned up to, was its continuation. */
  settled(holder: LoopHolder, now: number): void;
  /** It writes an answer; costs no read of the clock. */
  answers(holder: LoopHolder): void;
  /** Its answer is sent, by whatever way it came to it: as `settled`, where nothing else was told since `answers`. */
  answered(holder: LoopHolder, now: number): void;
}

/**
 * Runs work under its name.
 *
 * @param blame Who notes it; undefined where nobody does.
 * @param now The runtime's clock.
 * @param holder What runs.
 * @param work The work, called at once.
 * @param beganAt When it begins, where that is known.
 * @returns What the work answered.
 */
export function heldBy<Result>(
  blame: LoopBlame | undefined,
  now: () => number,
  holder: LoopHolder,
  work: () => Result,
  beganAt?: number,
): Result {
  if (!blame) return work();
  const outer = blame.enter(holder, beganAt ?? now());
  let result: Result;
  try {
    result = work();
  } finally {
    blame.leave(outer, now());
  }
  if (result instanceof Promise) tellSettled(result, blame, now, holder);
  return result;
}

/** Tells when a promise has settled. Both branches are handled: a rejection is the business of whoever holds the promise. */
export function tellSettled(
  promise: Promise<unknown>,
  blame: LoopBlame,
  now: () => number,
  holder: LoopHolder,
): void {
  const settle = (): void => blame.settled(holder, now());
  promise.then(settle, settle);
}

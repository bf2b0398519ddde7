/**
 * Where the beat is written down for others.
 *
 * @module
 */

import type { LagReading } from "../sample.ts";

/** Something that others read while this loop is held. */
export interface BeatBoard {
  /**
   * Called on each beat; it must not throw.
   *
   * @param lag What the beats have found.
   * @param dueAtUnix When the next beat is due, as Unix time in seconds.
   * @param freeAtUnix When the loop was last seen free.
   */
  write(lag: LagReading, dueAtUnix: number, freeAtUnix: number): void;
  /** The most blocked time that others have shown of this loop, in seconds: no page of its own shows less. */
  readonly shownBlockedSeconds: number;
}

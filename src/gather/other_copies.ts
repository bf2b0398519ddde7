/**
 * Where the snapshots of other copies of the same service come from, for those that have some.
 *
 * @module
 */

import type { Core } from "../core/core.ts";
import type { Gathered } from "./family_snapshot.ts";

/** One page's question to all copies, which has been sent. */
export interface CopiesRound {
  /** The numbers of this copy were taken just now. */
  taken(): void;
  /** Joins what the others answered in time, or had answered before, with what is told here. It must not reject. */
  join(own: Gathered): Promise<Gathered>;
}

export interface LivingCopy {
  readonly id: string;
  /** What the label `copy` says of it. */
  readonly name: string;
  /** Copies of the same process have the same. */
  readonly process: string;
}

export interface OtherCopies {
  /** How long each of the app's own metrics may take, in seconds, so that a page is answered within the deadline. */
  readonly collectSeconds: number;
  begin(): CopiesRound;
  /** This copy, and behind it the others, as far as they have told of themselves. */
  living(): readonly LivingCopy[];
  /** Puts a question of a door to the same door of another copy; undefined where no answer comes within the deadline. */
  question(id: string, door: string, text: string): Promise<string | undefined>;
}

/** By what is measured, so that every monitor of a registry shows the same page. */
const joined = new WeakMap<Core, OtherCopies>();

/** Shows the snapshots of others with those of a core; undefined to show it alone again. */
export function showCopies(core: Core, copies: OtherCopies | undefined): void {
  if (copies) joined.set(core, copies);
  else joined.delete(core);
}

/** Finds who asks the others. */
export function copiesOf(core: Core | undefined): OtherCopies | undefined {
  return core && joined.get(core);
}

/** Answers what the same door of another copy asks; undefined where there is nothing to answer. */
export type AnswerOthers = (text: string) => Promise<string | undefined>;

const answering = new WeakMap<Core, Map<string, AnswerOthers>>();

/** Lets a door answer the questions of other copies, whether they have been joined already or not. */
export function answerOthers(core: Core, door: string, answer: AnswerOthers): () => void {
  const doors = answering.get(core) ?? new Map<string, AnswerOthers>();
  answering.set(core, doors.set(door, answer));
  return () => void (doors.get(door) === answer && doors.delete(door));
}

export function answerOf(core: Core, door: string): AnswerOthers | undefined {
  return answering.get(core)?.get(door);
}

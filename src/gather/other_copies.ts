/**
 * Where the snapshots of other copies of the same service come from, for those that have some.
 *
 * @module
 */

import type { Core } from "../core/core.ts";
import type { Gathered } from "./family_snapshot.ts";

/** One page's question to all copies, which has been sent. */
export interface CopiesRound {
  /** Joins what the others answered in time, or had answered before, with what is told here. It must not reject. */
  join(own: Gathered): Promise<Gathered>;
}

/** Asks the other copies. */
export interface OtherCopies {
  begin(): CopiesRound;
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

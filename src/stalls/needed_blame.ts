/**
 * What every door of this entry needs of a core: that it watches the event loop.
 *
 * @module
 */

import type { Core } from "../core/core.ts";
import type { Blame } from "../process/blame.ts";

/** Finds who settles the blame for stalls; throws where the event loop is not watched. */
export function neededBlame({ blame }: Core, action: string): Blame {
  if (blame) return blame;
  throw new Error(`${action}: the monitor does not watch the event loop; collect.eventLoop must be on`);
}

/**
 * Where calls are counted, as long as the monitor measures.
 *
 * @module
 */

import type { Core } from "../core/core.ts";
import type { CallFamilies } from "./call_families.ts";

/** What a call needs of the monitor; undefined while it does not measure, and the call just happens. */
export interface CallScope {
  core(): Core | undefined;
  calls(): CallFamilies | undefined;
}

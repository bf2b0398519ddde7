/**
 * Where calls are counted, as long as the monitor measures.
 *
 * @module
 */

import type { Core } from "../core.ts";
import type { CallMeasurement } from "./measurement.ts";

/** What a call needs of the monitor; undefined while it does not measure, and the call just happens. */
export interface CallScope {
  core(): Core | undefined;
  calls(): CallMeasurement | undefined;
}

/**
 * What a recorder of stalls can be told, and the checks of that.
 *
 * @module
 */

import { callable, checkTable, flag, numeric, type OptionTable, refuser, whole } from "../check.ts";
import type { RecordedStall } from "./recorded_stall.ts";

/** Options of `recordStalls`. */
export interface StallOptions {
  /**
   * How long the loop must have been held for the stall to be recorded, in seconds: at least the monitor's `stallSeconds`, of
   * which nothing shorter is known, and at most 60.
   *
   * @default {undefined} 0.1, which people notice, or the monitor's `stallSeconds` where that is more.
   */
  thresholdSeconds?: number;
  /**
   * How many stalls are kept, from 1 to 1000.
   *
   * @default {50}
   */
  keep?: number;
  /**
   * Find the functions that were under way, by the runtime's sampling profiler. Deno has to be run with
   * `--allow-sys=inspector` for that.
   *
   * @default {true}
   */
  stacks?: boolean;
  /**
   * Called with each stall, some milliseconds after its end, but not with those that it makes itself, or that of another
   * monitor, which are blamed on `kind="metrics", name="onStall"`. What it throws, or rejects with, is counted in
   * `metrics_errors_total` and harms nobody.
   */
  onStall?: (stall: RecordedStall) => void | Promise<void>;
}

/** What each option may be, and its default. */
export const stallOptions: OptionTable<StallOptions> = {
  thresholdSeconds: numeric("at least 0.02 and at most 60", (value) => value >= 0.02 && value <= 60),
  keep: { default: 50, ...whole(1, 1000) },
  stacks: { default: true, ...flag },
  onStall: callable,
};

const defaultThresholdSeconds = 0.1;

/** What the options say, with defaults filled in. */
export interface StallSettings extends StallOptions {
  readonly thresholdSeconds: number;
  readonly keep: number;
  readonly stacks: boolean;
}

/** Checks the options and fills defaults in; `stallSeconds` is what the monitor has. */
export function checkStallOptions(options: StallOptions, stallSeconds = 0): StallSettings {
  const refuse = refuser("Cannot record stalls");
  const checked = checkTable(refuse, options, stallOptions);
  const { thresholdSeconds = Math.max(defaultThresholdSeconds, stallSeconds) } = checked;
  if (thresholdSeconds < stallSeconds) {
    const least = `thresholdSeconds must be at least the monitor's stallSeconds, which is ${stallSeconds}`;
    refuse(RangeError, least, thresholdSeconds);
  }
  return { ...checked, thresholdSeconds } as StallSettings;
}

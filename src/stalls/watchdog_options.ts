/**
 * What a watchdog can be told, and the checks of that.
 *
 * @module
 */

import { between, checkTable, group, type OptionTable, type Refuse, text, whole, withDefaults } from "../check.ts";

/** Where the watching thread answers `GET /livez`. */
export interface WatchdogServerOptions {
  /** The port, a whole number from 0 to 65,535; 0 for one of the system's choice, which `ready` tells. */
  port: number;
  /**
   * The address to listen on.
   *
   * @default {"127.0.0.1"} This machine alone reaches it; an orchestrator's probe comes from outside: `0.0.0.0`.
   */
  host?: string;
}

/** Options of `watchdog`. */
export interface WatchdogOptions {
  /**
   * How long the loop must not have answered for a line on stderr, in seconds, from 0.2 to 3600.
   *
   * @default {5} Longer than any collection of garbage, and within the patience of most probes.
   */
  thresholdSeconds?: number;
  /**
   * How long the loop must not have answered for `/livez` to be 503, in seconds, from 0.2 to 86,400.
   *
   * @default {30} A start anew costs every request under way: not for what may yet come back.
   */
  deadSeconds?: number;
  /**
   * How long the loop must not have answered for the process to be ended by SIGABRT, in seconds, from 0.2 to 86,400.
   *
   * @default {undefined} It is never ended.
   */
  abortSeconds?: number;
  /**
   * Serves `GET /livez` from the watching thread: 200, or 503 with the reason.
   *
   * @default {undefined} Nothing is served.
   */
  server?: WatchdogServerOptions;
}

/** Options after the checks. */
export type WatchdogSettings =
  & Required<Pick<WatchdogOptions, "thresholdSeconds" | "deadSeconds">>
  & Pick<WatchdogOptions, "abortSeconds">
  & { readonly server?: Required<WatchdogServerOptions> };

/** What each option of the server may be. */
export const watchdogServerOptions: OptionTable<WatchdogServerOptions> = {
  port: { isNeeded: true, ...whole(0, 65_535) },
  host: { default: "127.0.0.1", ...text("an address", (value) => value !== "") },
};

/** What each option of a watchdog may be. */
export const watchdogOptions: OptionTable<WatchdogOptions> = {
  thresholdSeconds: { default: 5, ...between(0.2, 3600) },
  deadSeconds: { default: 30, ...between(0.2, 86_400) },
  abortSeconds: between(0.2, 86_400),
  server: group(watchdogServerOptions),
};

export function checkWatchdog(refuse: Refuse, options: WatchdogOptions): WatchdogSettings {
  const checked = checkTable(refuse, options, watchdogOptions);
  const { server } = checked;
  return { ...checked, ...(server && { server: withDefaults(watchdogServerOptions, server) }) } as WatchdogSettings;
}

/**
 * The options of the live page, and what it takes stalls from.
 *
 * @module
 */

import { checkTable, flag, kind, type OptionTable, refuser, someText } from "../check.ts";

/** A place in the code. */
export interface LiveFrame {
  /** The function's name. */
  readonly functionName?: string | undefined;
  /** The path or URL of its file. */
  readonly file?: string | undefined;
  /** The line in it, from 1 on. */
  readonly line?: number | undefined;
  /** The column in it, from 1 on. */
  readonly column?: number | undefined;
  /** Which part of the stall was spent in it, from 0 to 1. */
  readonly share?: number | undefined;
}

/** A stall of the event loop, as `recordStalls()` tells it. What is not known is absent. */
export interface LiveStall {
  /** What {@linkcode LiveStalls.profile} is asked by. */
  readonly id: string | number;
  /** When it began, as Unix time in seconds. */
  readonly beganAtUnixSeconds: number;
  /** How long the loop answered nothing. */
  readonly seconds: number;
  /** CPU time within it. */
  readonly cpuSeconds?: number | undefined;
  /** Collections of garbage within it. */
  readonly gcSeconds?: number | undefined;
  /** Such as `request`. */
  readonly kind: string;
  /** What held the loop, such as `GET /report`. */
  readonly name: string;
  /** The trace of the request that held the loop. */
  readonly traceId?: string | undefined;
  /** Where in the app's own code. */
  readonly culprit?: LiveFrame | string | undefined;
  /** The heaviest first. */
  readonly frames?: readonly LiveFrame[] | undefined;
}

/** Where stalls come from: what `recordStalls()` answered, by shape. */
export interface LiveStalls {
  /** The stalls that are kept. */
  recent(): readonly LiveStall[];
  /** The `.cpuprofile` of one of them as text; undefined when it is no longer kept. */
  profile?(id: never): string | undefined;
}

/** Options of `livePage`. */
export interface LivePageOptions {
  /**
   * What `recordStalls()` answered for this monitor, which knows the place in the code. Without it, and of stalls below its
   * threshold, the page shows what the monitor itself knows: which request or task held the loop.
   *
   * @default {undefined}
   */
  readonly stalls?: LiveStalls;
  /**
   * What the process is called at the top of the page.
   *
   * @default {undefined} The host of the page's address.
   */
  readonly title?: string;
  /**
   * Lets everybody look where the monitor's `exposition` guards nothing. Without it, loopback addresses alone may then.
   *
   * @default {false}
   */
  readonly public?: boolean;
}

/** By this name copies ask each other. */
export const door = "live";

/** How the sentence of each error begins. */
export const action = "Cannot make live page";

/** What each option may be, and its default. */
export const liveOptions: OptionTable<LivePageOptions> = {
  stalls: kind("what recordStalls() answered", (value) => {
    const { recent, profile } = (value ?? {}) as Partial<Record<keyof LiveStalls, unknown>>;
    return typeof recent === "function" && (profile === undefined || typeof profile === "function");
  }),
  title: someText,
  public: { default: false, ...flag },
};

/** Refuses options that are unknown or of the wrong kind, and fills defaults in. */
export function checkLiveOptions(options: LivePageOptions): LivePageOptions {
  return checkTable(refuser(action), options, liveOptions);
}

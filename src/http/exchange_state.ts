/**
 * What is known of a request under way, in one number: a field for each of these would cost more than all of its counting.
 *
 * @module
 */

import type { RequestUnderWay } from "./exchange_recorder.ts";

/** The bits that hold the status; what is above them are flags. */
export const statusBits = 0x3ff;
/** It was counted when it opened, and how long it stays open is no duration. */
export const opened = 0x400;
/** Node's outgoing message tells the end of the response. */
export const told = 0x800;
/** Its route is known, or a handler within has told it. */
export const routed = 0x1000;
/** It is in flight no more. */
export const ended = 0x2000;
/** It was left out. */
export const discarded = 0x4000;
/** Its client left before it was answered, so it may still be on its way through handlers. */
export const unanswered = 0x8000;
/** On Deno: its signal has aborted before it was answered, and so far nobody else has answered it. */
export const doubted = 0x10000;
/** Its signal is listened to. */
export const listened = 0x20000;

/** What a client sees in place of a status that is none, such as a number of a database's. */
const serverError = 500;

/** The status that a client sees: three digits, as HTTP has them. */
export function statusOf(status: unknown): number {
  return Number.isInteger(status) && (status as number) >= 100 && (status as number) <= 999
    ? status as number
    : serverError;
}

/** Tells a time of an exchange: `at` where that is known, otherwise now. */
export function timeOf({ series: { recorder } }: RequestUnderWay, at: number): number {
  return at === at ? at : recorder.now();
}

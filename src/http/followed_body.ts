/**
 * A response's body, followed to its end by whoever reads it.
 *
 * What follows a body is held by its stream alone: a response that nobody reads is collected as if it had not been measured,
 * and that is its end.
 *
 * @module
 */

import type { Runtime } from "../runtime/shim.ts";
import { type BodyEnd, observeBody, Passage, type Progress, watchBody } from "./body.ts";

/** How a body is to be followed. */
export interface FollowOptions {
  /** Count the bytes. */
  readonly counts: boolean;
  /** Keep the bytes. */
  readonly keeps: boolean;
  /** Told how the body ended. It may hold the response. */
  readonly ended: BodyEnd;
  /** Told how many bytes had passed when the body was collected. It must not hold the response. */
  readonly abandoned: (bytes: number) => void;
}

/**
 * Follows a stream that is the body of a response.
 *
 * @returns The response to send; undefined where its end cannot be told without changing the answer.
 */
export function followBody(
  runtime: Runtime,
  response: Response,
  stream: ReadableStream<Uint8Array>,
  { counts, keeps, ended, abandoned }: FollowOptions,
): Response | undefined {
  const progress: Progress = { bytes: 0 };
  const passage = new Passage(progress, keeps, (outcome, bytes, body) => {
    collected?.unregister(progress);
    ended(outcome, bytes, body);
  });
  if (!runtime.replaceBody) {
    observeBody(stream, counts || keeps, passage);
    collected?.register(stream, { progress, abandoned }, progress);
    return response;
  }
  const put = runtime.replaceBody(response);
  if (!put) return undefined;
  const watched = watchBody(stream, passage);
  collected?.register(watched, { progress, abandoned }, progress);
  return put(watched);
}

/** At the last the garbage collector tells that a body will never be read to its end. */
const collected = typeof FinalizationRegistry === "undefined"
  ? undefined
  : new FinalizationRegistry<{ progress: Progress; abandoned: (bytes: number) => void }>(({ progress, abandoned }) =>
    abandoned(progress.bytes)
  );

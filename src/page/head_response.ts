/**
 * Answers to HEAD.
 *
 * @module
 */

/**
 * Makes an answer whose length is left untold, as only GET would find it out: of a body of `null` Deno and Bun say that it
 * has a length of 0. No server reads this one further than to its end.
 */
export function headResponse(init: ResponseInit): Response {
  return new Response(new ReadableStream({ pull: (controller) => controller.close() }, { highWaterMark: 0 }), init);
}

import { setTimeout as delay } from "node:timers/promises";

/** A response's body of some texts. */
export function body(texts: AsyncIterable<string>): ReadableStream<Uint8Array> {
  return new ReadableStream({
    async start(controller) {
      for await (const text of texts) controller.enqueue(new TextEncoder().encode(text));
      controller.close();
    },
  });
}

/** A response's body of some texts that are there at once. */
export const streamOf = (...texts: string[]): ReadableStream<Uint8Array> =>
  body((async function* () {
    yield* texts;
  })());

/** Three pieces with pauses. */
export async function* pieces(): AsyncGenerator<string> {
  for (const piece of ["a", "b", "c"]) {
    yield piece;
    await delay(5);
  }
}

/** One piece, and no end. */
export async function* endless(): AsyncGenerator<string> {
  yield "a";
  await new Promise(() => {});
}

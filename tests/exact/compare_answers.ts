// The tests of one server.

import { after, before, describe, it } from "node:test";
import { Comparison, type Door } from "./compare.ts";
import type { Kind } from "./kind.ts";
import { settings } from "./settings.ts";
import { ignoreUnhandled } from "./unhandled.ts";

/** What is compared; every kind under every set of options where nothing else is said. */
export interface Compared<Given> {
  kinds: readonly Kind<Given>[];
  /** The names of the sets of options. */
  under?: readonly (keyof typeof settings)[];
  /** Why nothing is compared. */
  skip?: string | false;
}

/** Compares answers with and without us, under each set of options. */
export function compareAnswers<Given>(door: Door<Given>, compared: Compared<Given>): void {
  compareBetween(door.name, () => Comparison.start(door, compared.kinds), compared);
}

/** Compares them wherever the servers run. */
export function compareBetween<Given>(
  name: string,
  start: () => Promise<Comparison<Given>>,
  { under = Object.keys(settings), skip = false }: Omit<Compared<Given>, "kinds">,
): void {
  describe(`answers through ${name} are the same with and without us`, { skip }, () => {
    let comparison: Comparison<Given>;
    let stopIgnoring: () => void;
    before(async () => {
      stopIgnoring = ignoreUnhandled();
      comparison = await start();
    });
    after(async () => {
      await comparison[Symbol.asyncDispose]();
      stopIgnoring();
    });
    for (const name of under) it(String(name), () => comparison.assertSame(settings[name]!));
  });
}

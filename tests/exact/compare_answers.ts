// The tests of one server.

import { after, before, describe, it } from "node:test";
import { assertNone, Comparison, type Door } from "./compare.ts";
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

/** All comparisons of a file whose servers run in this process: they begin at once. */
const begins: (() => unknown)[] = [];

let stopIgnoring: (() => void) | undefined;
after(() => stopIgnoring?.());

/** Compares answers with and without us, under each set of options. */
export function compareAnswers<Given>(door: Door<Given>, compared: Compared<Given>): void {
  compare(door.name, () => Comparison.start(door, compared.kinds), compared, begins);
}

/** Compares them wherever the servers run. */
export function compareBetween<Given>(
  name: string,
  start: () => Promise<Comparison<Given>>,
  compared: Omit<Compared<Given>, "kinds">,
): void {
  compare(name, start, compared, []);
}

function compare<Given>(
  name: string,
  start: () => Promise<Comparison<Given>>,
  { under = Object.keys(settings), skip = false }: Omit<Compared<Given>, "kinds">,
  begins: (() => unknown)[],
): void {
  let wrong: Promise<string[][]> | undefined;
  const begin = (): Promise<string[][]> => {
    wrong ??= (async () => {
      await using comparison = await start();
      return await comparison.compare(under.map((set) => settings[set]!), begins.length - 1);
    })();
    // Whoever waits for it hears of that.
    wrong.catch(() => {});
    return wrong;
  };
  if (!skip) begins.push(begin);
  describe(`answers through ${name} are the same with and without us`, { skip }, () => {
    before(() => {
      stopIgnoring ??= ignoreUnhandled();
      for (const begin of begins) begin();
    });
    for (const [i, set] of under.entries()) it(String(set), async () => assertNone((await begin())[i]!));
  });
}

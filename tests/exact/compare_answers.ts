// The tests of one server.

import { after, before, describe, it } from "node:test";
import { Comparison, type Door } from "./compare.ts";
import { kindsFor } from "./kinds.ts";
import { settings } from "./settings.ts";
import { ignoreUnhandled } from "./unhandled.ts";

/** Compares every kind of answer with and without us, under each set of options. */
export function compareAnswers(door: Door): void {
  describe(`answers through ${door.name} are the same with and without us`, () => {
    let comparison: Comparison;
    let stopIgnoring: () => void;
    before(async () => {
      stopIgnoring = ignoreUnhandled();
      comparison = await Comparison.start(door, kindsFor(door.name));
    });
    after(async () => {
      await comparison[Symbol.asyncDispose]();
      stopIgnoring();
    });
    for (const [name, options] of Object.entries(settings)) {
      it(name, () => comparison.assertSame(options));
    }
  });
}

/**
 * The copies of one service.
 *
 * @module
 */

import { type CatalogEntry, makeEntries } from "../entry.ts";

export const copiesEntries: readonly CatalogEntry[] = makeEntries({ group: "self" }, {
  copies: {
    optional: true,
    help: "Threads and processes on this page: alive, late (shown as of their last answer), or ended (counted still).",
    labels: ["state"],
    aggregator: "first",
  },
});

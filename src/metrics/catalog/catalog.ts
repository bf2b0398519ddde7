/**
 * The catalog: what every number on the page means.
 *
 * Names live in the files of catalog/ and nowhere else; docs/metrics.md, the dashboard and the alerts are written from
 * here. Each file holds what is measured together, so that an entry point brings only what it can tell.
 *
 * @module
 */

import { callEntries } from "./calls.ts";
import { containerEntries } from "./container.ts";
import { copiesEntries } from "./copies.ts";
import { eventLoopEntries } from "./event_loop.ts";
import { httpEntries } from "./http.ts";
import { memoryEntries } from "./memory.ts";
import { processEntries } from "./process.ts";
import { selfEntries } from "./self.ts";
import { workEntries } from "./work.ts";
import { type CatalogEntry, findEntry } from "../entry.ts";

export type { CatalogEntry };

/** Every metric, in the order of the page. */
export const catalog: readonly CatalogEntry[] = [
  ...eventLoopEntries,
  ...workEntries,
  ...memoryEntries,
  ...containerEntries,
  ...selfEntries,
  ...copiesEntries,
  ...httpEntries,
  ...callEntries,
  ...processEntries,
];

/**
 * Finds an entry among all.
 *
 * @param name Its name, without a prefix.
 * @returns The entry.
 * @throws {Error} If there is none: the caller is wrong, not the user.
 */
export function catalogEntry(name: string): CatalogEntry {
  return findEntry(catalog, name);
}

/**
 * The formats in which a page can be had.
 *
 * @module
 */

import type { Escaping } from "./names.ts";

/** The formats of the page. */
export type FormatName = "text" | "openmetrics" | "json";

/** The format that a scraper gets. */
export interface Format {
  readonly name: FormatName;
  readonly contentType: string;
  readonly escaping: Escaping;
}

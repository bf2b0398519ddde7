/**
 * The formats in which a page can be had, and what every writer of families is given and answers.
 *
 * @module
 */

import type { Escaping } from "./names.ts";

export type FormatName = "text" | "openmetrics" | "protobuf" | "json";

/** The format that a scraper gets. */
export interface Format {
  readonly name: FormatName;
  readonly contentType: string;
  readonly escaping: Escaping;
}

/** How a family is called on a page. */
export interface ShownFamily {
  /** Its name as it is spelled here. */
  readonly name: string;
  /** Its type on this page, which is `untyped` where its own would make the page ambiguous. */
  readonly type: string;
}

/** What was written of one family. */
export interface Written {
  readonly series: number;
  /** Label sets that stood on the page already. */
  readonly lost: number;
}

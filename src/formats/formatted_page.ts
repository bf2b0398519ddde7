/**
 * A page: families in one of the formats, a label set at a time.
 *
 * @module
 */

import type { FamilySnapshot, Gathered, Labels } from "../gather/family_snapshot.ts";
import { writeLines } from "./family_lines.ts";
import { familyNames } from "./family_names.ts";
import type { Format, FormatName, ShownFamily, Written } from "./format.ts";
import { writeJson } from "./json.ts";
import type { Escaping } from "./names.ts";
import { openMetricsText } from "./open_metrics.ts";
import { prometheusText } from "./prometheus_text.ts";
import { writeProtobuf } from "./protobuf.ts";

/** A part of a page: text, or the bytes of a format that is none. */
export type Piece = string | Uint8Array<ArrayBuffer>;

export interface FormattedPageOptions {
  readonly format: Format;
  /** Whether OpenMetrics tells when each series began. */
  readonly created?: boolean;
  /** Called with the name of each family of which something could not be written. */
  readonly failed?: (name: string) => void;
}

/** What stands before the families of a page, between two of them, and behind the last. */
const frames: Readonly<Record<FormatName, readonly [begin: string, between: string, end: string]>> = {
  json: ['{"families":[\n', ",\n", "\n]}\n"],
  openmetrics: ["", "", "# EOF\n"],
  text: ["", "", ""],
  protobuf: ["", "", ""],
};

/** A page that is known but not written yet. */
export class FormattedPage {
  readonly #gathered: Gathered;
  readonly #options: FormattedPageOptions;
  /** How many series have been written. */
  series = 0;

  constructor(gathered: Gathered, options: FormattedPageOptions) {
    this.#gathered = gathered;
    this.#options = options;
  }

  /**
   * Writes the page, in pieces of at most a few lines. Protocol buffers come a whole family at a time, and before that an
   * empty piece behind every few label sets, so that whoever drains them can pause there.
   */
  *pieces(): Generator<Piece, void> {
    const { format: { name: format, escaping }, created = false, failed } = this.#options;
    const { families, labels } = this.#gathered;
    const [begin, between, end] = frames[format];
    const write = writerOf(format, escaping, labels, created);
    const enter = familyNames(format, escaping, families);
    let separator = "";
    if (begin) yield begin;
    for (const family of families) {
      const shown = enter(family);
      if (!shown) {
        // The names that every client uses are an app's own `collectDefaultMetrics()`'s before they are ours.
        if (family.isForeign) failed?.(family.name);
        continue;
      }
      // One of our own without a series has nothing to say.
      if (family.size === 0 && !family.isForeign) continue;
      if (separator) yield separator;
      separator = between;
      let written: Written = { series: 0, lost: 1 };
      try {
        written = yield* write(family, shown);
      } catch {
        // A family that cannot be written to its end costs only what is left of it.
        if (format === "json") yield "]}";
      }
      this.series += written.series;
      if (written.lost + family.lost > 0) failed?.(family.name);
    }
    if (end) yield end;
  }
}

/** Makes what writes one family; `labels` are to be added where a series does not have them itself. */
function writerOf(
  format: FormatName,
  escaping: Escaping,
  labels: Labels,
  created: boolean,
): (family: FamilySnapshot, shown: ShownFamily) => Generator<Piece, Written> {
  if (format === "json") return (family, shown) => writeJson(family, shown, labels);
  if (format === "protobuf") return (family, shown) => writeProtobuf(family, shown, labels, escaping);
  const textFormat = format === "text" ? prometheusText(escaping) : openMetricsText(escaping, created);
  return (family, shown) => writeLines(family, shown, textFormat, labels);
}

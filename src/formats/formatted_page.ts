/**
 * A page: families in one of the formats, a label set at a time.
 *
 * @module
 */

import type { FamilySnapshot } from "../gather/family_snapshot.ts";
import type { Gathered } from "../gather/gather.ts";
import { writeLines } from "./family_lines.ts";
import { FamilyNames } from "./family_names.ts";
import type { Format, ShownFamily, Written } from "./format.ts";
import { writeJson } from "./json.ts";
import { openMetricsText } from "./open_metrics.ts";
import { prometheusText } from "./prometheus_text.ts";
import { writeProtobuf } from "./protobuf.ts";

/** A part of a page: text, or the bytes of a format that is none. */
export type Piece = string | Uint8Array<ArrayBuffer>;

/** How a page is written. */
export interface FormattedPageOptions {
  readonly format: Format;
  /** Whether OpenMetrics tells when each series began. */
  readonly created?: boolean;
  /** Called with the name of each family of which something could not be written. */
  readonly failed?: (name: string) => void;
}

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
    const { format: { name: format, escaping }, failed } = this.#options;
    const { families } = this.#gathered;
    const write = this.#writer();
    const names = new FamilyNames(format, escaping, families);
    let isFirst = true;
    if (format === "json") yield '{"families":[\n';
    for (const family of families) {
      const shown = names.enter(family);
      if (!shown) {
        // The names that every client uses are an app's own `collectDefaultMetrics()`'s before they are ours.
        if (family.isForeign) failed?.(family.name);
        continue;
      }
      const { series, lost, isShown } = yield* this.#family(write(family, shown, isFirst));
      if (isShown) isFirst = false;
      this.series += series;
      if (lost + family.lost > 0) failed?.(family.name);
    }
    if (format === "json") yield "\n]}\n";
    else if (format === "openmetrics") yield "# EOF\n";
  }

  /** Makes what writes one family. */
  #writer(): (family: FamilySnapshot, shown: ShownFamily, isFirst: boolean) => Generator<Piece, Written> {
    const { format: { name: format, escaping }, created = false } = this.#options;
    const { labels } = this.#gathered;
    if (format === "json") return (family, shown, isFirst) => writeJson(family, shown, labels, isFirst);
    if (format === "protobuf") return (family, shown) => writeProtobuf(family, shown, labels, escaping);
    const textFormat = format === "text" ? prometheusText(escaping) : openMetricsText(escaping, created);
    return (family, shown) => writeLines(family, shown, textFormat, labels);
  }

  /** A family that cannot be written to its end costs only what is left of it. */
  *#family(pieces: Generator<Piece, Written>): Generator<Piece, Written & { isShown: boolean }> {
    let isShown = false;
    for (;;) {
      let step: IteratorResult<Piece, Written>;
      try {
        step = pieces.next();
      } catch {
        if (isShown && this.#options.format.name === "json") yield "]}";
        return { series: 0, lost: 1, isShown };
      }
      if (step.done) return { ...step.value, isShown };
      isShown = true;
      yield step.value;
    }
  }
}

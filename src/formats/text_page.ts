/**
 * A page: families in one of the formats that are text, a few lines at a time.
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
import type { TextFormat } from "./text_format.ts";

/** How a page is written. */
export interface TextPageOptions {
  readonly format: Format;
  /** Whether OpenMetrics tells when each series began. */
  readonly created?: boolean;
  /** Called with the name of each family of which something could not be written. */
  readonly failed?: (name: string) => void;
}

/** A page that is known but not written yet. */
export class TextPage {
  readonly #gathered: Gathered;
  readonly #options: TextPageOptions;
  /** How many series have been written. */
  series = 0;

  constructor(gathered: Gathered, options: TextPageOptions) {
    this.#gathered = gathered;
    this.#options = options;
  }

  /** Writes the page, in pieces of at most a few lines. */
  *pieces(): Generator<string, void> {
    const { format: { name: format, escaping }, created = false, failed } = this.#options;
    const { families } = this.#gathered;
    const textFormat = format === "text" ? prometheusText(escaping) : openMetricsText(escaping, created);
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
      const { series, lost, isShown } = yield* this.#family(family, shown, textFormat, isFirst);
      if (isShown) isFirst = false;
      this.series += series;
      if (lost + family.lost > 0) failed?.(family.name);
    }
    yield format === "json" ? "\n]}\n" : textFormat.end;
  }

  /** A family that cannot be written to its end costs only what is left of it. */
  *#family(
    family: FamilySnapshot,
    shown: ShownFamily,
    textFormat: TextFormat,
    isFirst: boolean,
  ): Generator<string, Written & { isShown: boolean }> {
    const { labels } = this.#gathered;
    const isJson = this.#options.format.name === "json";
    const pieces = isJson ? writeJson(family, shown, labels, isFirst) : writeLines(family, shown, textFormat, labels);
    let isShown = false;
    for (;;) {
      let step: IteratorResult<string, Written>;
      try {
        step = pieces.next();
      } catch {
        if (isJson && isShown) yield "]}";
        return { series: 0, lost: 1, isShown };
      }
      if (step.done) return { ...step.value, isShown };
      isShown = true;
      yield step.value;
    }
  }
}

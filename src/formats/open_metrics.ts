/**
 * OpenMetrics text, version 1.0.0.
 *
 * @module
 */

import { escapeLabelValue } from "../metrics/label_value.ts";
import { labelPair } from "./label_text.ts";
import { type Escaping, labelName, quotedName } from "./names.ts";
import { numberText, type TextFormat } from "./text_format.ts";

/** The base units, as names end in them. */
const unit = /_(seconds|bytes|ratio|meters|grams|joules|volts|amperes|celsius)$/;

/** Makes the format; `created` says whether lines of `_created` are written. */
export function openMetricsText(escaping: Escaping, created: boolean): TextFormat {
  return {
    escaping,
    header(name, type, help) {
      const family = type === "counter" ? counterFamily(name) : name;
      const quoted = quotedName(family);
      const unitName = unitOf(family);
      return `# TYPE ${quoted} ${type === "untyped" ? "unknown" : type}\n` +
        (unitName ? `# UNIT ${quoted} ${unitName}\n` : "") +
        // Unlike in the older format the quote is escaped in help as well.
        `# HELP ${quoted} ${escapeLabelValue(help)}\n`;
    },
    exemplar({ labels, value, unixSeconds }) {
      // Scrapers that read names in quotes on series do not all read them here.
      const texts = Object.entries(labels).map(([name, text]) => labelPair(labelName(name, "underscores"), text));
      const at = unixSeconds === undefined ? "" : ` ${Math.round(unixSeconds * 1000) / 1000}`;
      return ` # {${texts.join(",")}} ${numberText(value)}${at}`;
    },
    created,
  };
}

/** Tells the unit in which a family's name, without `_total`, ends; undefined where it ends in none. */
export function unitOf(name: string): string | undefined {
  return unit.exec(name)?.[1];
}

/** Names the family of a counter, as OpenMetrics does: `_total` belongs to its sample. */
export function counterFamily(name: string): string {
  return name.endsWith("_total") ? name.slice(0, -"_total".length) : name;
}

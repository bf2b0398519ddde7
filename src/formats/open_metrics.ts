/**
 * OpenMetrics text, version 1.0.0.
 *
 * @module
 */

import { escapeLabelValue } from "../metrics/label_value.ts";
import { type Dialect, numberText } from "./text_format.ts";
import { type Escaping, quotedName } from "./names.ts";

/** The base units, as names end in them. */
const unit = /_(seconds|bytes|ratio|meters|grams|joules|volts|amperes|celsius)$/;

/**
 * Makes the dialect.
 *
 * @param escaping How names are written.
 * @param created Whether lines of `_created` are written.
 * @returns The dialect.
 */
export function openMetricsDialect(escaping: Escaping, created: boolean): Dialect {
  return {
    escaping,
    header(name, type, help) {
      const family = type === "counter" ? counterFamily(name) : name;
      const quoted = quotedName(family);
      const unitName = unit.exec(family)?.[1];
      return `# TYPE ${quoted} ${type === "untyped" ? "unknown" : type}\n` +
        (unitName ? `# UNIT ${quoted} ${unitName}\n` : "") +
        // Unlike in the older format the quote is escaped in help as well.
        `# HELP ${quoted} ${escapeLabelValue(help)}\n`;
    },
    exemplar: ({ traceId, value, unixSeconds }) =>
      ` # {trace_id="${traceId}"} ${numberText(value)} ${unixSeconds.toFixed(3)}`,
    created,
    end: "# EOF\n",
  };
}

/**
 * Names the family of a counter, as OpenMetrics does: `_total` belongs to its sample.
 *
 * @param name The counter's name.
 * @returns The name without `_total`.
 */
export function counterFamily(name: string): string {
  return name.endsWith("_total") ? name.slice(0, -"_total".length) : name;
}

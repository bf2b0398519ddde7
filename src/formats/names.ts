/**
 * Names of metrics and labels as each scraper can read them.
 *
 * What is a name to Prometheus since its first day is written as it is. Prometheus 3 takes every name that is UTF-8, if
 * it says so; for everybody else such a name is spelled in one of three other ways.
 *
 * @module
 */

import { escapeLabelValue, wellFormed } from "../metrics/label_value.ts";

/** How names are written that are none to older scrapers: as they are, or in one of three spellings. */
export type Escaping = "allow-utf-8" | "underscores" | "dots" | "values";

/** Every escaping, by the word for it in `Accept`. */
export const escapings: readonly Escaping[] = ["allow-utf-8", "underscores", "dots", "values"];

const plainMetric = /^[a-zA-Z_:][a-zA-Z0-9_:]*$/;
const plainLabel = /^[a-zA-Z_][a-zA-Z0-9_]*$/;

/** Spells a metric's name; an empty one stays empty. */
export function metricName(name: string, escaping: Escaping): string {
  return plainMetric.test(name) ? name : spell(name, escaping, /[a-zA-Z0-9_:]/);
}

/** Spells a label's name as it stands before the equals sign. */
export function labelName(name: string, escaping: Escaping): string {
  const spelled = labelSpelling(name, escaping);
  return plainLabel.test(spelled) ? spelled : `"${escapeLabelValue(spelled)}"`;
}

/**
 * Spells a label's name, without quotes.
 *
 * The label `__name__` is the metric's name to Prometheus, which refuses a whole page with another one; it is called as
 * Prometheus itself calls labels that are in its way.
 */
export function labelSpelling(name: string, escaping: Escaping): string {
  const spelled = plainLabel.test(name) ? name : spell(name, escaping, /[a-zA-Z0-9_]/) || "_";
  return spelled === "__name__" ? "exported___name__" : spelled;
}

/** Writes a metric's name in a line of metadata. */
export function quotedName(name: string): string {
  return plainMetric.test(name) ? name : `"${escapeLabelValue(name)}"`;
}

/**
 * Writes what stands before a number: the name and the labels. A name that is not plain stands between the braces.
 *
 * @param labels What stands between the braces; empty without labels.
 */
export function seriesName(name: string, labels: string): string {
  if (plainMetric.test(name)) return labels ? `${name}{${labels}}` : name;
  return labels ? `{${quotedName(name)},${labels}}` : `{${quotedName(name)}}`;
}

function spell(name: string, escaping: Escaping, plain: RegExp): string {
  const characters = [...wellFormed(name)];
  if (escaping === "allow-utf-8" || characters.length === 0) return characters.join("");
  const spelled = characters.map((each, i) => {
    const isPlain = plain.test(each) && !(i === 0 && /\d/.test(each));
    if (escaping === "underscores") return isPlain ? each : "_";
    if (each === "_") return "__";
    if (isPlain) return each;
    if (escaping === "dots") return each === "." ? "_dot_" : "__";
    return `_${each.codePointAt(0)!.toString(16).toUpperCase()}_`;
  }).join("");
  return escaping === "values" ? `U__${spelled}` : spelled;
}

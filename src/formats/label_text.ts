/**
 * What every writer of families is given, and what it answers.
 *
 * @module
 */

import { escapeLabelValue, wellFormed } from "../metrics/label_value.ts";
import type { Dialect } from "./text_format.ts";
import { labelName } from "./names.ts";

/** Labels that a registry gives to every series. */
export type Labels = Readonly<Record<string, string | number>>;

/** What was written of one family. */
export interface Written {
  readonly series: number;
  /** Samples that could not be written, or that stood on the page already. */
  readonly lost: number;
}

/** How a family is written on this page. */
export interface Titles {
  /** Its name as it is spelled here. */
  readonly name: string;
  /** Its type on this page, which is `untyped` where its own would make the page ambiguous. */
  readonly type: string;
}

/**
 * Takes the label of bounds out of those that a registry gives to every series: it would stand there twice.
 *
 * @param labels The labels.
 * @param type The family's type on this page.
 * @returns The same, without `le` for a histogram and without `quantile` for a summary.
 */
export function withoutBound(labels: Labels, type: string): Labels {
  const bound = type === "histogram" ? "le" : "quantile";
  if ((type !== "histogram" && type !== "summary") || !(bound in labels)) return labels;
  return Object.fromEntries(Object.entries(labels).filter(([name]) => name !== bound));
}

/**
 * Writes the labels that a registry gives to every series.
 *
 * @param labels The labels.
 * @param present The names of those that the series has itself.
 * @param dialect The format.
 * @returns What is to be added, as it stands between the braces.
 */
export function moreLabels(labels: Labels, present: readonly string[], { escaping }: Dialect): string {
  let text = "";
  const there = new Set(present.map((name) => labelName(name, escaping)));
  for (const name in labels) {
    const spelled = labelName(name, escaping);
    if (there.has(spelled)) continue;
    there.add(spelled);
    text += `${text && ","}${spelled}="${escapeLabelValue(wellFormed(String(labels[name])))}"`;
  }
  return text;
}

/**
 * Puts labels together.
 *
 * @param labels Some, as they stand between the braces.
 * @param suffix Some more.
 * @returns All of them.
 */
export function join(labels: string, suffix: string): string {
  return labels && suffix ? `${labels},${suffix}` : labels || suffix;
}

/**
 * Puts labels between braces.
 *
 * @param labels As they stand there.
 * @returns The same with braces; empty without labels.
 */
export function braced(labels: string): string {
  return labels && `{${labels}}`;
}

/**
 * Labels as they stand between the braces.
 *
 * @module
 */

import type { FamilySnapshot, Labels } from "../gather/family_snapshot.ts";
import { escapeLabelValue, wellFormed } from "../metrics/label_value.ts";
import { type Escaping, labelName } from "./names.ts";

/**
 * Makes what writes the labels of each label set of a family, those that a registry gives to every series included.
 *
 * It returns undefined for a label set that stands on the page already: two of an app's that this escaping or UTF-8 cannot
 * tell apart. The first stands.
 */
export function labelTexts(
  family: FamilySnapshot,
  type: string,
  more: Labels,
  escaping: Escaping,
): (index: number) => string | undefined {
  const added = withoutBound(more, type);
  if (family.written) {
    const { written } = family;
    const suffix = moreLabels(added, written.names, escaping);
    return suffix === "" ? (index) => written.text(index) : (index) => join(written.text(index), suffix);
  }
  const labels = new ForeignLabels(escaping, added);
  const written = new Set<string>();
  return (index) => {
    const text = labels.text(family.labels(index));
    const before = written.size;
    return written.add(text).size === before ? undefined : text;
  };
}

/** Leaves out the label of bounds, which would stand there twice. */
export function withoutBound(labels: Labels, type: string): Labels {
  const bound = type === "histogram" ? "le" : "quantile";
  if ((type !== "histogram" && type !== "summary") || !(bound in labels)) return labels;
  return Object.fromEntries(Object.entries(labels).filter(([name]) => name !== bound));
}

/** Writes the labels that a registry gives to every series, but those that the series has itself. */
function moreLabels(labels: Labels, present: readonly string[], escaping: Escaping): string {
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

function join(labels: string, suffix: string): string {
  return labels && suffix ? `${labels},${suffix}` : labels || suffix;
}

/**
 * Writes the labels of a foreign family. They stand in one order in the whole family, so that the same labels in another
 * order are seen to be the same.
 */
class ForeignLabels {
  readonly #escaping: Escaping;
  readonly #more: Labels;
  readonly #addsMore: boolean;
  /** Every label name seen so far, with how it is spelled here. */
  readonly #names = new Map<string, string>();
  /** Are there names that are spelled alike? Two of those cannot stand on one series: the first does. */
  #hasTwins = false;

  constructor(escaping: Escaping, more: Labels) {
    this.#escaping = escaping;
    this.#more = more;
    this.#addsMore = Object.keys(more).length > 0;
  }

  text(labels: Labels): string {
    for (const name in labels) if (!this.#names.has(name)) this.#learn(name);
    let text = "";
    const there = this.#hasTwins ? new Set<string>() : undefined;
    for (const [name, spelled] of this.#names) {
      const value = labels[name];
      if (value === undefined || !Object.hasOwn(labels, name) || there?.has(spelled)) continue;
      there?.add(spelled);
      const shown = shownValue(value);
      text += text === "" ? `${spelled}="${shown}"` : `,${spelled}="${shown}"`;
    }
    return this.#addsMore ? join(text, moreLabels(this.#more, Object.keys(labels), this.#escaping)) : text;
  }

  #learn(name: string): void {
    const spelled = labelName(name, this.#escaping);
    this.#hasTwins ||= new Set(this.#names.values()).has(spelled);
    this.#names.set(name, spelled);
  }
}

/** Almost no value has anything to escape or to replace, and one test is dearer than none but cheaper than two. */
function shownValue(value: string | number): string {
  const text = String(value);
  return /[\\"\n\ud800-\udfff]/.test(text) ? escapeLabelValue(wellFormed(text)) : text;
}

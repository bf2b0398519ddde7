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
  /** Those spellings, in their order. */
  readonly #spellings = new Set<string>();

  constructor(escaping: Escaping, more: Labels) {
    this.#escaping = escaping;
    this.#more = more;
    this.#addsMore = Object.keys(more).length > 0;
  }

  text(labels: Labels): string {
    for (const name in labels) if (!this.#names.has(name)) this.#learn(name);
    const text = this.#names.size === this.#spellings.size ? this.#plain(labels) : this.#withoutTwins(labels);
    return this.#addsMore ? join(text, moreLabels(this.#more, Object.keys(labels), this.#escaping)) : text;
  }

  #learn(name: string): void {
    const spelled = labelName(name, this.#escaping);
    this.#names.set(name, spelled);
    this.#spellings.add(spelled);
  }

  #plain(labels: Labels): string {
    let text = "";
    for (const [name, spelled] of this.#names) {
      const value = labels[name];
      if (value === undefined || !Object.hasOwn(labels, name)) continue;
      text += text === "" ? `${spelled}="${shownValue(value)}"` : `,${spelled}="${shownValue(value)}"`;
    }
    return text;
  }

  /** There are names that are spelled alike. Two of those cannot stand on one series: the first does. */
  #withoutTwins(labels: Labels): string {
    const shown = new Map<string, string>();
    for (const name of Object.keys(labels)) {
      const spelled = this.#names.get(name)!;
      if (labels[name] !== undefined && !shown.has(spelled)) shown.set(spelled, shownValue(labels[name]));
    }
    const there = [...this.#spellings].filter((spelled) => shown.has(spelled));
    return there.map((spelled) => `${spelled}="${shown.get(spelled)!}"`).join(",");
  }
}

/** Almost no value has anything to escape or to replace, and one test is dearer than none but cheaper than two. */
function shownValue(value: string | number): string {
  const text = String(value);
  return /[\\"\n\ud800-\udfff]/.test(text) ? escapeLabelValue(wellFormed(text)) : text;
}

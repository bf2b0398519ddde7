/**
 * Labels as they stand between the braces.
 *
 * @module
 */

import type { FamilySnapshot, Labels } from "../gather/family_snapshot.ts";
import { escapeLabelValue, wellFormed } from "../metrics/label_value.ts";
import { distinctTexts } from "./distinct_texts.ts";
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
    return (index) => join(written.text(index), suffix);
  }
  const textOf = foreignLabels(escaping, added);
  const isNew = distinctTexts(family.size);
  return (index) => {
    const text = textOf(family.labels(index));
    return isNew(text) ? text : undefined;
  };
}

/** Leaves out the label of bounds, which would stand there twice. */
export function withoutBound(labels: Labels, type: string): Labels {
  const { [type === "histogram" ? "le" : "quantile"]: _, ...others } = labels;
  return type === "histogram" || type === "summary" ? others : labels;
}

/** Writes the labels that a registry gives to every series, but those that the series has itself. */
function moreLabels(labels: Labels, present: readonly string[], escaping: Escaping): string {
  let text = "";
  const there = new Set(present.map((name) => labelName(name, escaping)));
  for (const name of Object.keys(labels)) {
    const spelled = labelName(name, escaping);
    if (!there.has(spelled)) text = join(text, labelPair(spelled, labels[name]!));
    there.add(spelled);
  }
  return text;
}

function join(labels: string, others: string): string {
  return labels && others ? `${labels},${others}` : labels || others;
}

/**
 * Makes what writes the labels of a foreign family. They stand in one order in the whole family, so that the same labels in
 * another order are seen to be the same.
 */
function foreignLabels(escaping: Escaping, more: Labels): (labels: Labels) => string {
  /** Every label name seen so far, with how it is spelled here. */
  const names = new Map<string, string>();
  /** Those spellings, in their order. */
  const spellings = new Set<string>();
  const addsMore = Object.keys(more).length > 0;
  return (labels) => {
    for (const name of Object.keys(labels)) {
      if (names.has(name)) continue;
      const spelled = labelName(name, escaping);
      names.set(name, spelled);
      spellings.add(spelled);
    }
    const areTwins = names.size > spellings.size;
    // Two names that are spelled alike cannot stand on one series: the first does.
    const told = areTwins
      ? Object.fromEntries(Object.keys(labels).reverse().map((name) => [names.get(name)!, labels[name]!]))
      : labels;
    let text = "";
    for (const [name, spelled] of areTwins ? spellings.entries() : names) {
      if (Object.hasOwn(told, name)) text = join(text, labelPair(spelled, told[name]!));
    }
    return addsMore ? join(text, moreLabels(more, Object.keys(labels), escaping)) : text;
  };
}

/**
 * Writes a label whose name is spelled already. Almost no value has anything to escape or to replace, and one test is dearer
 * than none but cheaper than two.
 */
export function labelPair(spelled: string, value: string): string {
  return `${spelled}="${/[\\"\n\ud800-\udfff]/.test(value) ? escapeLabelValue(wellFormed(value)) : value}"`;
}

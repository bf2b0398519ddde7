/**
 * Labels as protocol buffers.
 *
 * @module
 */

import type { FamilySnapshot, Labels } from "../gather/family_snapshot.ts";
import { labelTexts, withoutBound } from "./label_text.ts";
import { type Escaping, labelSpelling } from "./names.ts";
import { ProtobufWriter } from "./protobuf_writer.ts";

// The numbers of fields, as the published schema has them.
const metricLabelField = 1;
const labelNameField = 1;
const labelValueField = 2;

/** A label as it is spelled here, and its value. */
export type LabelPair = readonly [name: string, value: string];

/** Writes a label. */
export function writePair(writer: ProtobufWriter, field: number, [name, value]: LabelPair): void {
  const begin = writer.begin(field);
  writer.text(labelNameField, name);
  writer.text(labelValueField, value);
  writer.end(begin);
}

/**
 * Makes what writes the labels of each label set of a family, those that a registry gives to every series included.
 *
 * It returns false for a label set that stands in the message already: this escaping or UTF-8 cannot tell it apart.
 */
export function labelWriter(
  family: FamilySnapshot,
  type: string,
  more: Labels,
  escaping: Escaping,
): (writer: ProtobufWriter, index: number) => boolean {
  const added = withoutBound(more, type);
  const { values, names } = family.written ?? {};
  if (values) return ownLabelWriter(names!, values, added, escaping);
  const spellings = new Map<string, string>();
  /** Of two names that are spelled alike the first stands. */
  const add = (pairs: LabelPair[], labels: Labels): void => {
    for (const name in labels) {
      let spelled = spellings.get(name);
      if (spelled === undefined) spellings.set(name, spelled = labelSpelling(name, escaping));
      if (!pairs.some(([there]) => there === spelled)) pairs.push([spelled, labels[name]!]);
    }
  };
  // In them names stand in one order.
  const texts = labelTexts(family, type, more, escaping);
  return (writer, index) => {
    if (family.isForeign && texts(index) === undefined) return false;
    const pairs: LabelPair[] = [];
    add(pairs, family.labels(index));
    add(pairs, added);
    for (const pair of pairs) writePair(writer, metricLabelField, pair);
    return true;
  };
}

/** Label sets that are known to differ and all have the same names: those are written once. */
function ownLabelWriter(
  names: readonly string[],
  valuesOf: (index: number) => readonly string[],
  more: Labels,
  escaping: Escaping,
): (writer: ProtobufWriter, index: number) => boolean {
  const once = new ProtobufWriter();
  const spelled = new Set<string>();
  const heads = names.map((name) => {
    const spelling = labelSpelling(name, escaping);
    if (spelled.has(spelling)) return undefined;
    spelled.add(spelling);
    once.text(labelNameField, spelling);
    return once.take();
  });
  for (const name in more) {
    const spelling = labelSpelling(name, escaping);
    if (spelled.has(spelling)) continue;
    spelled.add(spelling);
    writePair(once, metricLabelField, [spelling, more[name]!]);
  }
  const tail = once.take();
  return (writer, index) => {
    const values = valuesOf(index);
    for (let i = 0; i < heads.length; i++) {
      const head = heads[i];
      if (!head) continue;
      const begin = writer.begin(metricLabelField);
      writer.append(head);
      writer.text(labelValueField, values[i]!);
      writer.end(begin);
    }
    writer.append(tail);
    return true;
  };
}

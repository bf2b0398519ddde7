/**
 * Labels as protocol buffers.
 *
 * @module
 */

import type { FamilySnapshot, Labels } from "../gather/family_snapshot.ts";
import { distinctTexts } from "./distinct_texts.ts";
import { labelTexts, withoutBound } from "./label_text.ts";
import { type Escaping, labelSpelling } from "./names.ts";
import { ProtobufWriter } from "./protobuf_writer.ts";

// The numbers of fields, as the published schema has them.
const metricLabelField = 1;
const labelNameField = 1;
const labelValueField = 2;

export type LabelPair = readonly [name: string, value: string];

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
  const { values, names: ownNames = [] } = family.written ?? {};
  // Our own are known to differ.
  const texts = family.isForeign ? labelTexts(family, type, more, escaping) : undefined;
  const encode = nameEncoder(withoutBound(more, type), escaping);
  let encoded: EncodedNames | undefined;
  return (writer, index) => {
    if (texts && texts(index) === undefined) return false;
    const labels = values ? {} : family.labels(index);
    const names = values ? ownNames : Object.keys(labels);
    const told = values ? values(index) : Object.values(labels);
    // Most label sets of a family have the same names, which are written once.
    if (!encoded || !areSame(encoded.names, names)) encoded = encode(names);
    const { heads, tail } = encoded;
    for (let i = 0; i < heads.length; i++) {
      const head = heads[i];
      if (!head) continue;
      const begin = writer.begin(metricLabelField);
      writer.append(head);
      writer.text(labelValueField, told[i]!);
      writer.end(begin);
    }
    writer.append(tail);
    return true;
  };
}

interface EncodedNames {
  readonly names: readonly string[];
  /** What stands before the value of each; undefined for one that is spelled like another before it, which stands. */
  readonly heads: readonly (Uint8Array | undefined)[];
  /** The labels that are added, whole. */
  readonly tail: Uint8Array;
}

/** `more` are labels to add where a label set has none of that spelling. */
function nameEncoder(more: Labels, escaping: Escaping): (names: readonly string[]) => EncodedNames {
  const writer = new ProtobufWriter();
  return (names) => {
    const isNew = distinctTexts(0);
    const heads = names.map((name) => {
      const spelled = labelSpelling(name, escaping);
      if (!isNew(spelled)) return undefined;
      writer.text(labelNameField, spelled);
      return writer.take();
    });
    for (const name of Object.keys(more)) {
      const spelled = labelSpelling(name, escaping);
      if (isNew(spelled)) writePair(writer, metricLabelField, [spelled, more[name]!]);
    }
    return { names, heads, tail: writer.take() };
  };
}

function areSame(names: readonly string[], others: readonly string[]): boolean {
  return names === others || names.length === others.length && names.every((name, i) => name === others[i]);
}

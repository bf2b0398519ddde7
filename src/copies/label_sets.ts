/**
 * The label sets of a family, and the text by which they are told. Copies tell the same ones page after page, and those
 * that do the same tell them alike: what was made of a text once is used again.
 *
 * @module
 */

import type { FamilySnapshot } from "../gather/family_snapshot.ts";
import { escapeLabelValue } from "../metrics/label_value.ts";

/** The values of one label set, by the names of a family; undefined, or nothing at the end, for a label that it has not. */
export type Row = readonly (string | undefined)[];

/** All of a family, each of them once; they never change. */
export interface LabelSets {
  readonly names: readonly string[];
  readonly values: readonly Row[];
}

export interface RowFamily {
  readonly rows: LabelSets;
}

/** What stands between values, and in place of one that is absent; JSON leaves both as they are, and hardly any value has them. */
const [between, absent] = ["\u0080", "\u0081"];

/** How many characters of texts are remembered at the least, and half of all. */
const remembered = 4 * 2 ** 20;

/** Label sets by their texts: those that were wanted last. */
class KnownTexts {
  #young = new Map<string, readonly Row[]>();
  #old = new Map<string, readonly Row[]>();
  #length = 0;

  get(text: string, width: number, make: () => readonly Row[]): readonly Row[] {
    const key = `${width}${between}${text}`;
    const known = this.#young.get(key);
    if (known) return known;
    const values = this.#old.get(key) ?? make();
    this.#length += key.length;
    if (this.#length > remembered) [this.#old, this.#young, this.#length] = [this.#young, new Map(), key.length];
    this.#young.set(key, values);
    return values;
  }
}

const knownTexts = new KnownTexts();
const texts = new WeakMap<readonly Row[], { readonly width: number; readonly text: string | undefined }>();
const keys = new WeakMap<readonly Row[], readonly string[]>();
const written = new WeakMap<readonly Row[], { readonly names: readonly string[]; readonly texts: string[] }>();
const ofSlots = new WeakMap<object, readonly Row[]>();

/** Finds the label sets of a family where they stand ready; undefined where each has to be asked for as an object. */
export function labelSetsOf(family: FamilySnapshot & Partial<RowFamily>): LabelSets | undefined {
  const { rows, size, written } = family;
  if (rows) return rows;
  if (!written?.values) return undefined;
  const { names, slots } = written;
  const before = slots && ofSlots.get(slots);
  if (before?.length === size) return { names, values: before };
  const made = Array.from({ length: size }, (_, i): Row => before?.[i] ?? written.values!(i));
  const text = textOf({ names, values: made });
  // Others may have told the same.
  const values = text === undefined ? made : knownTexts.get(text, names.length, () => made);
  if (slots && size > (before?.length ?? 0)) ofSlots.set(slots, values);
  return { names, values };
}

/** Tells them in a text, or as they are where that cannot be. */
export function toldLabelSets(sets: LabelSets): string | readonly Row[] {
  return textOf(sets) ?? sets.values;
}

function textOf(sets: LabelSets): string | undefined {
  const { names: { length: width }, values } = sets;
  let known = texts.get(values);
  if (known?.width !== width) texts.set(values, known = { width, text: madeText(sets) });
  return known.text;
}

function madeText({ names: { length: width }, values }: LabelSets): string | undefined {
  if (width === 0 || values.length === 0) return undefined;
  const all: string[] = [];
  for (const row of values) for (let i = 0; i < width; i++) all.push(row[i] ?? absent);
  const text = all.join(between);
  // A value that has one of the two in it would be taken for others.
  const isPlain = values.every((row) => row.every((value) => value === undefined || !/[\u0080\u0081]/.test(value)));
  return isPlain ? text : undefined;
}

/** Reads what was told of so many labels; undefined where it is none of that. */
export function readLabelSets(given: unknown, width: number): readonly Row[] | undefined {
  try {
    if (typeof given === "string") return knownTexts.get(given, width, () => ofText(given, width));
    if (!Array.isArray(given) || !given.every(isRow(width))) return undefined;
    return distinct((given as (string | null)[][]).map((row) => trimmed(row.map((value) => value ?? undefined))));
  } catch {
    return undefined;
  }
}

function ofText(text: string, width: number): readonly Row[] {
  const all = text.split(between);
  if (width === 0 || all.length % width > 0) throw new TypeError("there are too many values, or too few");
  return distinct(Array.from({ length: all.length / width }, (_, i) => {
    const row = all.slice(i * width, (i + 1) * width);
    return row.includes(absent) ? trimmed(row.map((value) => value === absent ? undefined : value)) : row;
  }));
}

function distinct(values: readonly Row[]): readonly Row[] {
  if (new Set(keysOf(values)).size < values.length) throw new TypeError("a label set is told twice");
  return values;
}

function isRow(longest: number): (row: unknown) => boolean {
  return (row) =>
    Array.isArray(row) && row.length <= longest && row.every((value) => value === null || typeof value === "string");
}

/** A label that is absent at the end is no label. */
export function trimmed(row: Row): Row {
  let length = row.length;
  while (length > 0 && row[length - 1] === undefined) length--;
  return length < row.length ? row.slice(0, length) : row;
}

/** Tells label sets of the same names apart. */
export function keyOf(row: Row): string {
  return JSON.stringify(row);
}

export function keysOf(values: readonly Row[]): readonly string[] {
  let all = keys.get(values);
  if (!all) keys.set(values, all = values.map(keyOf));
  return all;
}

/** Writes what stands between the braces, each when it is wanted first. */
export function writtenLabels({ names, values }: LabelSets): (index: number) => string {
  let known = written.get(values);
  // The same values may be those of other labels.
  if (!known || names.some((name, i) => name !== known!.names[i])) written.set(values, known = { names, texts: [] });
  const { texts } = known;
  return (index) =>
    texts[index] ??= names.flatMap((name, i) => {
      const value = values[index]![i];
      return value === undefined ? [] : [`${name}="${escapeLabelValue(value)}"`];
    }).join(",");
}

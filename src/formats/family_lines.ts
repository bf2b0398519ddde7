/**
 * Families as lines of text, in either of the text formats.
 *
 * Everything is written by generators, one label set at a time, so that whoever drains them decides how much is written
 * in one go.
 *
 * @module
 */

import type { DistributionSnapshot, FamilySnapshot, Labels, NumbersSnapshot } from "../gather/family_snapshot.ts";
import type { ShownFamily, Written } from "./format.ts";
import { labelTexts } from "./label_text.ts";
import { seriesName } from "./names.ts";
import { counterFamily } from "./open_metrics.ts";
import { numberText, type TextFormat } from "./text_format.ts";

interface Parts {
  /** Writes the labels of a label set; undefined for one that stands on the page already. */
  labels(index: number): string | undefined;
  /** The exemplars that stand behind numbers here, and what writes them. */
  readonly exemplars: FamilySnapshot["exemplars"];
  readonly exemplarText: TextFormat["exemplar"];
  /** Writes when a label set began; undefined where that is not written. */
  readonly created: ((labels: string, index: number) => string) | undefined;
}

/** Writes one family in pieces, the first of them with the header. `more` are labels to add where it has none of that name. */
export function* writeLines(
  family: FamilySnapshot,
  { name, type }: ShownFamily,
  format: TextFormat,
  more: Labels,
): Generator<string, Written> {
  yield format.header(name, type, family.help);
  const { createdAt } = family;
  const createdLine = lineOf(`${type === "counter" ? counterFamily(name) : name}_created`);
  const isCounted = type !== "gauge" && type !== "untyped";
  const parts: Parts = {
    labels: labelTexts(family, type, more, format.escaping),
    exemplars: format.exemplar && isCounted && type !== "summary" && family.exemplars?.size
      ? family.exemplars
      : undefined,
    exemplarText: format.exemplar,
    created: format.created && isCounted && createdAt
      ? (labels, index) => createdLine(labels, String(createdAt[index]!))
      : undefined,
  };
  return family.kind === "numbers"
    ? yield* numberLines(family, name, parts)
    : yield* distributionLines(family, name, parts);
}

function* numberLines(
  { size, numbers }: NumbersSnapshot,
  name: string,
  { labels: labelsOf, exemplars, exemplarText, created }: Parts,
): Generator<string, Written> {
  const line = lineOf(name);
  let sets = 0;
  for (let i = 0; i < size; i++) {
    const labels = labelsOf(i);
    if (labels === undefined) continue;
    sets++;
    const exemplar = exemplars?.get(i);
    const text = line(labels, numberText(numbers[i]!) + (exemplar ? exemplarText!(exemplar) : ""));
    yield created ? text + created(labels, i) : text;
  }
  return { series: created ? sets * 2 : sets, lost: size - sets };
}

function* distributionLines(
  { type, size, bounds, values, sums, counts }: DistributionSnapshot,
  name: string,
  { labels: labelsOf, exemplars, exemplarText, created }: Parts,
): Generator<string, Written> {
  const isHistogram = type === "histogram";
  const open = openOf(isHistogram ? `${name}_bucket` : name);
  const ends = bounds.map((bound) => `${isHistogram ? "le" : "quantile"}="${bound}"} `);
  const totals = ([["_sum", sums], ["_count", counts]] as const)
    .map(([part, numbers]) => ({ line: lineOf(name + part), numbers }));
  const width = ends.length;
  const marked = exemplars && setsOf(exemplars, width, size);
  let [sets, series] = [0, 0];
  for (let i = 0; i < size; i++) {
    const labels = labelsOf(i);
    if (labels === undefined) continue;
    sets++;
    const begin = labels ? `${open}${labels},` : open;
    const own = marked?.[i] ? exemplars : undefined;
    let text = "";
    for (let j = 0, place = i * width; j < width; j++, place++) {
      const value = values[place];
      if (value === undefined) continue;
      // Counts are never infinite, and they are most of a large page.
      text += begin + ends[j]! + (isHistogram ? value : numberText(value));
      const exemplar = own?.get(place);
      text += exemplar ? `${exemplarText!(exemplar)}\n` : "\n";
      series++;
    }
    for (const { line, numbers } of totals) {
      const number = numbers[i];
      if (number === undefined) continue;
      text += line(labels, numberText(number));
      series++;
    }
    yield created ? text + created(labels, i) : text;
  }
  return { series: created ? series + sets : series, lost: size - sets };
}

/** Marks the label sets that have an exemplar: few do, and asking for each bucket takes a tenth of the page's time. */
export function setsOf(exemplars: ReadonlyMap<number, unknown>, width: number, size: number): Uint8Array {
  const marked = new Uint8Array(size);
  for (const place of exemplars.keys()) marked[Math.floor(place / width)] = 1;
  return marked;
}

/** Writes what stands before the first label; a name that is not plain stands between the braces itself. */
function openOf(name: string): string {
  return seriesName(name, "-").slice(0, -2);
}

/** Makes a writer of lines that differ in their labels and values alone. */
function lineOf(name: string): (labels: string, value: string) => string {
  const [bare, open] = [seriesName(name, ""), openOf(name)];
  return (labels, value) => labels ? `${open}${labels}} ${value}\n` : `${bare} ${value}\n`;
}

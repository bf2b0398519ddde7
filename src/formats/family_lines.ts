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

/** What writes the labels of a label set; undefined for one that stands on the page already. */
type LabelTexts = (index: number) => string | undefined;

/**
 * Writes one family in pieces, the first of them with the header; nothing at all for one of our own without a series.
 * `more` are labels to add where the family does not have them itself.
 */
export function* writeLines(
  family: FamilySnapshot,
  shown: ShownFamily,
  format: TextFormat,
  more: Labels,
): Generator<string, Written> {
  if (family.size === 0 && !family.isForeign) return { series: 0, lost: 0 };
  yield format.header(shown.name, shown.type, family.help);
  const texts = labelTexts(family, shown.type, more, format.escaping);
  return family.kind === "numbers"
    ? yield* numberLines(family, shown, format, texts)
    : yield* distributionLines(family, shown, format, texts);
}

function* numberLines(
  { size, numbers, exemplars, createdAt }: NumbersSnapshot,
  { name, type }: ShownFamily,
  { exemplar, created }: TextFormat,
  texts: LabelTexts,
): Generator<string, Written> {
  const isCounter = type === "counter";
  const times = isCounter && created ? createdAt : undefined;
  const kept = exemplar && isCounter && exemplars?.size ? exemplars : undefined;
  const line = lineOf(name);
  const createdLine = lineOf(`${counterFamily(name)}_created`);
  let sets = 0;
  for (let i = 0; i < size; i++) {
    const labels = texts(i);
    if (labels === undefined) continue;
    sets++;
    const stands = kept?.get(i);
    const text = line(labels, numberText(numbers[i]!) + (stands ? exemplar!(stands) : ""));
    yield times ? text + createdLine(labels, String(times[i]!)) : text;
  }
  return { series: times ? sets * 2 : sets, lost: size - sets };
}

function* distributionLines(
  { size, bounds, values, sums, counts, exemplars, createdAt }: DistributionSnapshot,
  { name, type }: ShownFamily,
  { exemplar, created }: TextFormat,
  texts: LabelTexts,
): Generator<string, Written> {
  const isHistogram = type === "histogram";
  const times = created ? createdAt : undefined;
  const kept = exemplar && isHistogram && exemplars?.size ? exemplars : undefined;
  const open = openOf(isHistogram ? `${name}_bucket` : name);
  const ends = bounds.map((bound) => `${isHistogram ? "le" : "quantile"}="${bound}"} `);
  const [sumLine, countLine, createdLine] = ["_sum", "_count", "_created"].map((part) => lineOf(name + part));
  const width = ends.length;
  const marked = kept && setsOf(kept, width, size);
  let [sets, series] = [0, 0];
  for (let i = 0; i < size; i++) {
    const labels = texts(i);
    if (labels === undefined) continue;
    sets++;
    const begin = labels ? `${open}${labels},` : open;
    const own = marked?.[i] ? kept : undefined;
    let text = "";
    for (let j = 0, place = i * width; j < width; j++, place++) {
      const value = values[place];
      if (value === undefined) continue;
      // Counts are never infinite, and they are most of a large page.
      text += begin + ends[j]! + (isHistogram ? value : numberText(value));
      const stands = own?.get(place);
      text += stands ? `${exemplar!(stands)}\n` : "\n";
      series++;
    }
    const [sum, count] = [sums[i], counts[i]];
    if (sum !== undefined) text += sumLine!(labels, numberText(sum));
    if (count !== undefined) text += countLine!(labels, numberText(count));
    if (times) text += createdLine!(labels, String(times[i]!));
    series += (sum === undefined ? 0 : 1) + (count === undefined ? 0 : 1) + (times ? 1 : 0);
    yield text;
  }
  return { series, lost: size - sets };
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

/**
 * Families as JSON, for people and scripts.
 *
 * @module
 */

import type { DistributionSnapshot, FamilySnapshot, Labels } from "../gather/family_snapshot.ts";
import { distinctTexts } from "./distinct_texts.ts";
import type { ShownFamily, Written } from "./format.ts";
import { numberText } from "./text_format.ts";

/**
 * Writes one family: an object with `name`, `type`, `help` and `series`. `more` are labels to add where a series does not
 * have them itself.
 *
 * A series has `labels` and a `value`, or `count`, `sum` and either `buckets`, which are cumulative counts by upper bound,
 * or `quantiles`. What there is no number for in JSON is the word that the text formats have for it. Texts are joined by
 * hand: to make an object of each series, and a text of that, takes twice the time.
 */
export function* writeJson(
  family: FamilySnapshot,
  shown: ShownFamily,
  more: Labels,
): Generator<string, Written> {
  const { size, isForeign } = family;
  yield `${JSON.stringify({ ...shown, help: family.help }).slice(0, -1)},"series":[`;
  const isNew = distinctTexts(size);
  const numbers = family.kind === "numbers" ? family.numbers : undefined;
  const keys = family.kind === "numbers" ? [] : family.bounds.map((bound) => `${JSON.stringify(bound)}:`);
  let sets = 0;
  for (let i = 0; i < size; i++) {
    const labels = JSON.stringify({ ...more, ...family.labels(i) });
    // Our own are told apart already.
    if (isForeign && !isNew(labels)) continue;
    sets++;
    const value = numbers ? `,"value":${numberOf(numbers[i]!)}` : distribution(family as DistributionSnapshot, keys, i);
    yield `${i === 0 ? "" : ","}\n{"labels":${labels}${value}}`;
  }
  yield "]}";
  return { series: sets, lost: size - sets };
}

function distribution(
  { type, values, sums, counts }: DistributionSnapshot,
  keys: readonly string[],
  index: number,
): string {
  const width = keys.length;
  const [count, sum] = [counts[index], sums[index]];
  let text = "";
  if (count !== undefined) text += `,"count":${numberOf(count)}`;
  if (sum !== undefined) text += `,"sum":${numberOf(sum)}`;
  if (width === 0) return text;
  text += type === "histogram" ? ',"buckets":{' : ',"quantiles":{';
  let comma = "";
  for (let j = 0, place = index * width; j < width; j++, place++) {
    const value = values[place];
    if (value === undefined) continue;
    text += comma + keys[j]! + numberOf(value);
    comma = ",";
  }
  return `${text}}`;
}

function numberOf(value: number): number | string {
  return Number.isFinite(value) ? value : `"${numberText(value)}"`;
}

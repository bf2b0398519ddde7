/**
 * Families as lines of text, in either of the text formats.
 *
 * Everything is written by generators, one label set at a time, so that whoever drains them decides how much is written
 * in one go.
 *
 * @module
 */

import { type Dialect, numberText } from "./text_format.ts";
import { foreignLines, storedLines } from "./foreign_lines.ts";
import { counterFamily } from "./open_metrics.ts";
import type { DistributionPicture, NumbersPicture, Picture } from "../gather/family_snapshot.ts";
import { braced, join, type Labels, moreLabels, type Titles, withoutBound, type Written } from "./label_text.ts";

/**
 * Writes one family.
 *
 * @param picture What it shows.
 * @param titles Its name and type on this page.
 * @param dialect The format.
 * @param more Labels to add, where the family does not have them itself.
 * @returns Pieces of text, the first of them with the header; nothing at all for one of our own without a series.
 */
export function* writeLines(
  picture: Picture,
  titles: Titles,
  dialect: Dialect,
  more: Labels,
): Generator<string, Written> {
  more = withoutBound(more, titles.type);
  const header = dialect.header(titles.name, titles.type, picture.help);
  if (picture.kind === "foreign" || picture.kind === "stored") {
    yield header;
    return yield* picture.kind === "foreign"
      ? foreignLines(picture, titles, dialect, more)
      : storedLines(picture, titles, dialect, more);
  }
  if (picture.size === 0) return { series: 0, lost: 0 };
  yield header;
  const suffix = moreLabels(more, picture.labelNames, dialect);
  const lines = picture.kind === "numbers" ? numberLines : distributionLines;
  return { series: yield* lines(picture as never, titles, dialect, suffix), lost: 0 };
}

function* numberLines(
  { size, texts, numbers, exemplars, createdAt }: NumbersPicture,
  { name, type }: Titles,
  { exemplar, created }: Dialect,
  suffix: string,
): Generator<string, number> {
  const isCounter = type === "counter";
  const createdName = isCounter && created && createdAt ? `${counterFamily(name)}_created` : undefined;
  for (let i = 0; i < size; i++) {
    const labels = join(texts[i]!, suffix);
    const kept = exemplar && isCounter ? exemplars?.get(i) : undefined;
    let text = `${name}${braced(labels)} ${numberText(numbers[i]!)}${kept ? exemplar!(kept) : ""}\n`;
    if (createdName) text += `${createdName}${braced(labels)} ${createdAt![i]!}\n`;
    yield text;
  }
  return createdName ? size * 2 : size;
}

function* distributionLines(
  { size, texts, type, bounds, counts, sums, exemplars, createdAt }: DistributionPicture,
  { name }: Titles,
  { exemplar, created }: Dialect,
  suffix: string,
): Generator<string, number> {
  const isHistogram = type === "histogram";
  const times = created ? createdAt : undefined;
  const kept = exemplar && isHistogram ? exemplars : undefined;
  const ends = bounds.map((bound) => `${bound}"} `);
  for (let i = 0; i < size; i++) {
    const labels = join(texts[i]!, suffix);
    const open = labels ? `${name}_bucket{${labels},le="` : `${name}_bucket{le="`;
    const all = braced(labels);
    let text = "";
    let count = 0;
    for (let bucket = 0; bucket < ends.length; bucket++) {
      const place = i * ends.length + bucket;
      count += counts[place]!;
      if (!isHistogram) continue;
      const stands = kept?.get(place);
      text += open + ends[bucket]! + count + (stands ? `${exemplar!(stands)}\n` : "\n");
    }
    text += `${name}_sum${all} ${numberText(sums[i]!)}\n${name}_count${all} ${count}\n`;
    if (times) text += `${name}_created${all} ${times[i]!}\n`;
    yield text;
  }
  return size * ((isHistogram ? ends.length : 0) + (times ? 3 : 2));
}

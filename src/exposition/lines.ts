/**
 * Families as lines of text, in either of the text formats.
 *
 * Everything is written by generators, one label set at a time, so that whoever drains them decides how much is written
 * in one go.
 *
 * @module
 */

import { escapeLabelValue, wellFormed } from "../metrics/label_value.ts";
import { type Dialect, numberText } from "./dialect.ts";
import { type ForeignPicture, type ForeignSample, spellBound } from "./foreign.ts";
import { labelName, seriesName } from "./names.ts";
import { counterFamily } from "./open_metrics.ts";
import type { DistributionPicture, NumbersPicture, Picture } from "./picture.ts";

/** Labels that a registry gives to every series. */
export type Labels = Readonly<Record<string, string | number>>;

/** What was written of one family. */
export interface Written {
  readonly series: number;
  /** Samples that could not be written, or that stood on the page already. */
  readonly lost: number;
}

/** How a family is written on this page. */
export interface Titles {
  /** Its name as it is spelled here. */
  readonly name: string;
  /** Its type on this page, which is `untyped` where its own would make the page ambiguous. */
  readonly type: string;
}

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
  const header = dialect.header(titles.name, titles.type, picture.help);
  if (picture.kind === "foreign") {
    yield header;
    return yield* foreignLines(picture, titles, dialect, more);
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

/**
 * Somebody else's samples. They may be anything, so each is written by itself: one that cannot be written is lost alone.
 * Labels stand in one order in the whole family, so that the same labels in another order are seen to be the same.
 */
function* foreignLines(
  { samples, numbers, name }: ForeignPicture,
  titles: Titles,
  dialect: Dialect,
  more: Labels,
): Generator<string, Written> {
  const labels = new ForeignLabels(dialect, more);
  const written = new Set<string>();
  for (const [i, sample] of samples.entries()) {
    const part = (sample.metricName ?? name).slice(name.length);
    let head: string;
    try {
      head = seriesName(titles.name + part, labels.text(sample, part));
    } catch {
      continue;
    }
    if (written.has(head)) continue;
    written.add(head);
    const exemplar = dialect.exemplar && canCarry(titles.type, part) ? foreignExemplar(sample) : "";
    yield `${head} ${numberText(numbers[i]!)}${exemplar}\n`;
  }
  return { series: written.size, lost: samples.length - written.size };
}

/** Writes the labels of a foreign family's samples. */
class ForeignLabels {
  readonly #dialect: Dialect;
  readonly #more: Labels;
  readonly #addsMore: boolean;
  /** Every label name seen so far, with how it is spelled here. */
  readonly #names = new Map<string, string>();
  /** Are there names that are spelled alike? Two of those cannot stand on one series: the first does. */
  #hasTwins = false;

  constructor(dialect: Dialect, more: Labels) {
    this.#dialect = dialect;
    this.#more = more;
    this.#addsMore = Object.keys(more).length > 0;
  }

  text({ labels = {} }: ForeignSample, part: string): string {
    for (const name in labels) if (!this.#names.has(name)) this.#learn(name);
    let text = "";
    const there = this.#hasTwins ? new Set<string>() : undefined;
    for (const [name, spelled] of this.#names) {
      const value = labels[name];
      if (value === undefined || !Object.hasOwn(labels, name) || there?.has(spelled)) continue;
      there?.add(spelled);
      const isBound = (name === "le" && part === "_bucket") || (name === "quantile" && part === "");
      const shown = isBound ? spellBoundIfAny(value) : escapeLabelValue(wellFormed(String(value)));
      text += text === "" ? `${spelled}="${shown}"` : `,${spelled}="${shown}"`;
    }
    return this.#addsMore ? join(text, moreLabels(this.#more, Object.keys(labels), this.#dialect)) : text;
  }

  #learn(name: string): void {
    const spelled = labelName(name, this.#dialect.escaping);
    this.#hasTwins ||= new Set(this.#names.values()).has(spelled);
    this.#names.set(name, spelled);
  }
}

/** A quantile of something that is no summary is a label like any other. */
function spellBoundIfAny(value: string | number): string {
  try {
    return spellBound(value);
  } catch {
    return escapeLabelValue(wellFormed(String(value)));
  }
}

function moreLabels(labels: Labels, present: readonly string[], { escaping }: Dialect): string {
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

/** prom-client's exemplars: any labels, up to 128 characters in all. */
function foreignExemplar(sample: ForeignSample): string {
  const { exemplar } = sample;
  if (!exemplar || typeof exemplar.value !== "number" || typeof exemplar.labelSet !== "object") return "";
  const labels = Object.entries(exemplar.labelSet ?? {}).map(([name, value]) => [name, wellFormed(String(value))]);
  const characters = labels.flat().reduce((sum, each) => sum + [...each!].length, 0);
  if (labels.length === 0 || characters > 128) return "";
  const text = labels.map(([name, value]) => `${labelName(name!, "underscores")}="${escapeLabelValue(value!)}"`);
  const at = typeof exemplar.timestamp === "number" && exemplar.timestamp > 0 ? ` ${exemplar.timestamp}` : "";
  return ` # {${text.join(",")}} ${numberText(exemplar.value)}${at}`;
}

function canCarry(type: string, part: string): boolean {
  return type === "counter" || (type === "histogram" && part === "_bucket");
}

function join(labels: string, suffix: string): string {
  return labels && suffix ? `${labels},${suffix}` : labels || suffix;
}

function braced(labels: string): string {
  return labels && `{${labels}}`;
}

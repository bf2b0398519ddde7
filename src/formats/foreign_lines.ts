/**
 * Somebody else's metrics as lines of text.
 *
 * @module
 */

import { escapeLabelValue, wellFormed } from "../metrics/label_value.ts";
import type { ForeignExemplar } from "../metrics/registry_like.ts";
import { type Dialect, numberText } from "./text_format.ts";
import { type ForeignPicture, type ForeignSample, spellBound } from "../gather/foreign.ts";
import { labelName, seriesName } from "./names.ts";
import type { StoredPicture } from "../gather/prom_client_store.ts";
import { join, type Labels, moreLabels, type Titles, type Written } from "./label_text.ts";

/**
 * Writes samples as `get()` answered them. They may be anything, so each is written by itself: one that cannot be written
 * is lost alone. Labels stand in one order in the whole family, so that the same labels in another order are seen to be
 * the same.
 *
 * @param picture The metric.
 * @param titles Its name and type on this page.
 * @param dialect The format.
 * @param more Labels to add to each series that does not have them itself.
 * @returns Pieces of text, each of one line.
 */
export function* foreignLines(
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
      head = seriesName(titles.name + part, labels.text(sample.labels ?? {}, boundOf(part)));
    } catch {
      continue;
    }
    if (written.has(head)) continue;
    written.add(head);
    const exemplar = dialect.exemplar && canCarry(titles.type, part) ? foreignExemplar(sample.exemplar) : "";
    yield `${head} ${numberText(numbers[i]!)}${exemplar}\n`;
  }
  return { series: written.size, lost: samples.length - written.size };
}

/**
 * Writes what a known client keeps, each label set in one piece. Those that are alike on this page are two of the app's
 * that UTF-8 cannot tell apart, or one object of labels that the app has changed and counted twice: the first stands.
 *
 * @param picture The metric.
 * @param titles Its name and type on this page.
 * @param dialect The format.
 * @param more Labels to add to each series that does not have them itself.
 * @returns Pieces of text.
 */
export function* storedLines(
  picture: StoredPicture,
  titles: Titles,
  dialect: Dialect,
  more: Labels,
): Generator<string, Written> {
  const { type, bounds, numbers, exemplars } = picture;
  const labels = new ForeignLabels(dialect, more);
  const written = new Set<string>();
  const lines = type === "histogram" || type === "summary" ? boundLines(picture, titles, dialect) : undefined;
  const carried = dialect.exemplar && canCarry(titles.type, "") ? exemplars : undefined;
  for (const [i, each] of picture.labels.entries()) {
    let text: string;
    try {
      text = labels.text(each);
    } catch {
      continue;
    }
    const before = written.size;
    if (written.add(text).size === before) continue;
    yield lines
      ? lines(i, text)
      : `${seriesName(titles.name, text)} ${numberText(numbers[i]!)}${foreignExemplar(carried?.get(i))}\n`;
  }
  const perSet = bounds.length + (type === "histogram" || type === "summary" ? 2 : 1);
  return { series: written.size * perSet, lost: picture.labels.length - written.size };
}

/** Makes a writer of one label set of a histogram or a summary. */
function boundLines(
  { type, bounds, numbers, exemplars }: StoredPicture,
  { name, type: title }: Titles,
  dialect: Dialect,
): (index: number, labels: string) => string {
  const isHistogram = type === "histogram";
  const part = isHistogram ? "_bucket" : "";
  const opens = bounds.map((bound) =>
    seriesName(name + part, `${isHistogram ? "le" : "quantile"}="${bound}"`).slice(0, -1)
  );
  const width = bounds.length + (isHistogram ? 1 : 2);
  const carried = dialect.exemplar && exemplars.size > 0 && canCarry(title, part) ? exemplars : undefined;
  const [sumLine, countLine] = [lineOf(`${name}_sum`), lineOf(`${name}_count`)];
  return (index, labels) => {
    const place = index * width;
    const end = labels ? `,${labels}} ` : "} ";
    let text = "";
    for (let i = 0; i < opens.length; i++) {
      const value = numbers[place + i]!;
      // Counts are never infinite, and they are most of a large page.
      text += opens[i]! + end + (isHistogram ? value : numberText(value)) +
        (carried ? `${foreignExemplar(carried.get(place + i))}\n` : "\n");
    }
    // The count of a histogram is that of its last bucket.
    const count = numbers[place + opens.length + (isHistogram ? -1 : 1)]!;
    return text + sumLine(labels, numbers[place + opens.length]!) + countLine(labels, count);
  };
}

/** Makes a writer of lines that differ in their labels and numbers alone. */
function lineOf(name: string): (labels: string, value: number) => string {
  const bare = seriesName(name, "");
  const open = seriesName(name, "-").slice(0, -2);
  return (labels, value) => labels ? `${open}${labels}} ${numberText(value)}\n` : `${bare} ${numberText(value)}\n`;
}

/** The label of a part of a family that is a bound. */
function boundOf(part: string): "le" | "quantile" | undefined {
  return part === "_bucket" ? "le" : part === "" ? "quantile" : undefined;
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

  /** Writes the labels of one sample; `bound` is the name of the one that is a bound. */
  text(labels: NonNullable<ForeignSample["labels"]>, bound?: "le" | "quantile"): string {
    for (const name in labels) if (!this.#names.has(name)) this.#learn(name);
    let text = "";
    const there = this.#hasTwins ? new Set<string>() : undefined;
    for (const [name, spelled] of this.#names) {
      const value = labels[name];
      if (value === undefined || !Object.hasOwn(labels, name) || there?.has(spelled)) continue;
      there?.add(spelled);
      const shown = name === bound ? spellBoundIfAny(value) : shownValue(value);
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

/** Almost no value has anything to escape or to replace, and one test is dearer than none but cheaper than two. */
function shownValue(value: string | number): string {
  const text = String(value);
  return /[\\"\n\ud800-\udfff]/.test(text) ? escapeLabelValue(wellFormed(text)) : text;
}

/** A quantile of something that is no summary is a label like any other. */
function spellBoundIfAny(value: string | number): string {
  try {
    return spellBound(value);
  } catch {
    return shownValue(value);
  }
}

/** prom-client's exemplars: any labels, up to 128 characters in all. */
function foreignExemplar(exemplar: ForeignExemplar | null | undefined): string {
  try {
    return exemplarText(exemplar);
  } catch {
    // Its labels cannot be written; the sample stands without it.
    return "";
  }
}

function exemplarText(exemplar: ForeignExemplar | null | undefined): string {
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

/**
 * What a foreign metric's `get()` answered, checked and sorted by label sets. It may be anything.
 *
 * @module
 */

import { boundText } from "../metrics/histogram.ts";
import type { CollectedLike } from "../metrics/registry_like.ts";
import type { DistributionSnapshot, ExemplarSnapshot, FamilySnapshot, Labels } from "./family_snapshot.ts";
import { foreignExemplar } from "./foreign_exemplar.ts";

type Sample = NonNullable<CollectedLike["values"]>[number];
type Type = FamilySnapshot["type"];

/** The label in which a type keeps its bounds, and what stands behind the name of the samples that have one. */
const boundLabels = { histogram: ["le", "_bucket"], summary: ["quantile", ""] } as const;

/**
 * Checks an answer, and copies its numbers in one go: samples may be live objects.
 *
 * Pauses before each sample, so that whoever drains it decides how much is done in one go. Returns more than one snapshot
 * where samples bear names that are not the metric's. Throws a TypeError where the answer cannot be written.
 */
export function* readCollected(answer: CollectedLike): Generator<void, FamilySnapshot[]> {
  const { name, help, values = [] } = answer;
  if (typeof name !== "string" || name === "" || typeof help !== "string") {
    throw new TypeError("Cannot read metric: it answered no name or no help");
  }
  const type = typeOf(answer.type);
  // What can only be gone through may have no end.
  if (!Array.isArray(values)) throw new TypeError("Cannot read metric: its values are no list");
  const numbers: number[] = [];
  // The first hole throws, however long the list is.
  for (let i = 0; i < values.length; i++) numbers.push(Number(values[i].value));
  const family = type === "histogram" || type === "summary" ? new Distribution(type) : new Numbers();
  const strays = new Map<string, Numbers>();
  for (let i = 0; i < numbers.length; i++) {
    yield;
    const sample = values[i]!;
    const { metricName = name } = sample;
    if (family.add(sample, metricName.startsWith(name) ? metricName.slice(name.length) : undefined, numbers[i]!)) {
      continue;
    }
    let stray = strays.get(metricName);
    if (!stray) strays.set(metricName, stray = new Numbers());
    stray.add(sample, "", numbers[i]!);
  }
  const snapshots = [
    yield* family.snapshot(name, help, type),
    ...Array.from(strays, ([stray, some]) => some.numbers(stray, help, "untyped")),
  ];
  const { aggregator } = answer;
  return typeof aggregator === "string" ? snapshots.map((each) => ({ ...each, aggregator })) : snapshots;
}

function typeOf(type: unknown): Type {
  return type === "counter" || type === "gauge" || type === "histogram" || type === "summary" ? type : "untyped";
}

/** Copies labels as texts; returns undefined where one cannot be written. */
function textsOf(labels: unknown): Record<string, string> | undefined {
  if (labels !== undefined && (typeof labels !== "object" || labels === null)) {
    throw new TypeError("Cannot read metric: its labels are none");
  }
  try {
    const texts = Object.entries(labels ?? {}).filter(([, value]) => value !== undefined);
    return Object.fromEntries(texts.map(([name, value]) => [name, String(value)]));
  } catch {
    return undefined;
  }
}

/** Samples with one number for each label set. */
class Numbers {
  readonly #labels: Labels[] = [];
  readonly #numbers: number[] = [];
  readonly #exemplars = new Map<number, ExemplarSnapshot>();
  #lost = 0;

  /** Takes a sample whose name ends so behind the family's; returns false where it is not of the family. */
  add(sample: Sample, part: string | undefined, number: number): boolean {
    if (part !== "") return false;
    const labels = textsOf(sample.labels);
    if (labels) {
      const exemplar = foreignExemplar(sample.exemplar);
      if (exemplar) this.#exemplars.set(this.#labels.length, exemplar);
      this.#labels.push(labels);
      this.#numbers.push(number);
    } else this.#lost++;
    return true;
  }

  // deno-lint-ignore require-yield -- what was added is all that there is to do
  *snapshot(name: string, help: string, type: Type): Generator<void, FamilySnapshot> {
    return this.numbers(name, help, type);
  }

  numbers(name: string, help: string, type: Type): FamilySnapshot {
    return {
      kind: "numbers",
      name,
      help,
      type: type as "untyped",
      isForeign: true,
      size: this.#labels.length,
      labels: (index) => this.#labels[index]!,
      numbers: this.#numbers,
      exemplars: this.#exemplars,
      createdAt: undefined,
      lost: this.#lost,
    };
  }
}

/** One label set of a histogram or a summary. */
interface Gathered {
  readonly labels: Labels;
  /** By bound. */
  readonly values: Map<string, number>;
  readonly exemplars: Map<string, ExemplarSnapshot>;
  sum?: number;
  count?: number;
}

/** The samples of a histogram or a summary. */
class Distribution {
  readonly #boundLabel: "le" | "quantile";
  readonly #boundPart: string;
  readonly #bounds = new Set<string>();
  readonly #gathered = new Map<string, Gathered>();
  #lost = 0;

  constructor(type: "histogram" | "summary") {
    [this.#boundLabel, this.#boundPart] = boundLabels[type];
  }

  /** Takes a sample whose name ends so behind the family's; returns false where it is not of the family. */
  add(sample: Sample, part: string | undefined, number: number): boolean {
    if (part !== this.#boundPart && part !== "_sum" && part !== "_count") return false;
    const labels = textsOf(sample.labels);
    const isNew = labels !== undefined &&
      (part === "_sum" || part === "_count"
        ? this.#addTotal(labels, part === "_sum" ? "sum" : "count", number)
        : this.#addBound(labels, sample, number));
    // Of samples that are alike the first stands.
    if (!isNew) this.#lost++;
    return true;
  }

  #addTotal(labels: Record<string, string>, total: "sum" | "count", number: number): boolean {
    const gathered = this.#of(labels);
    if (gathered[total] !== undefined) return false;
    gathered[total] = number;
    return true;
  }

  #addBound(all: Record<string, string>, sample: Sample, number: number): boolean {
    const { [this.#boundLabel]: given, ...labels } = all;
    // Without one, or with one that is none, the whole page would be unreadable to a strict scraper.
    const bound = spellBound(given);
    const gathered = this.#of(labels);
    if (gathered.values.has(bound)) return false;
    this.#bounds.add(bound);
    gathered.values.set(bound, number);
    const exemplar = foreignExemplar(sample.exemplar);
    if (exemplar) gathered.exemplars.set(bound, exemplar);
    return true;
  }

  #of(labels: Record<string, string>): Gathered {
    const key = JSON.stringify(Object.entries(labels).sort(([a], [b]) => a < b ? -1 : 1));
    let gathered = this.#gathered.get(key);
    if (!gathered) this.#gathered.set(key, gathered = { labels, values: new Map(), exemplars: new Map() });
    return gathered;
  }

  *snapshot(name: string, help: string, type: Type): Generator<void, DistributionSnapshot> {
    const sets = [...this.#gathered.values()];
    const bounds = [...this.#bounds];
    const values: (number | undefined)[] = [];
    const exemplars = new Map<number, ExemplarSnapshot>();
    for (const set of sets) {
      yield;
      for (const bound of bounds) {
        const exemplar = set.exemplars.get(bound);
        if (exemplar) exemplars.set(values.length, exemplar);
        values.push(set.values.get(bound));
      }
    }
    return {
      kind: "distribution",
      name,
      help,
      type: type as "histogram",
      isForeign: true,
      size: sets.length,
      labels: (index) => sets[index]!.labels,
      bounds,
      values,
      sums: sets.map(({ sum }) => sum),
      counts: sets.map(({ count }) => count),
      exemplars,
      createdAt: undefined,
      lost: this.#lost,
    };
  }
}

/** Spells a bound or a quantile of somebody else's like our own; throws a TypeError where it is no number. */
function spellBound(bound: string | undefined): string {
  const number = bound === "+Inf" ? Infinity : Number(bound);
  if (Number.isNaN(number)) throw new TypeError("Cannot read metric: a bound is none");
  return boundText(number);
}

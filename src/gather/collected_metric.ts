/**
 * What a foreign metric's `get()` answered, checked and sorted by label sets. It may be anything.
 *
 * @module
 */

import { boundText } from "../metrics/histogram.ts";
import type { CollectedLike } from "../metrics/registry_like.ts";
import type {
  DistributionSnapshot,
  ExemplarSnapshot,
  FamilySnapshot,
  Labels,
  NumbersSnapshot,
} from "./family_snapshot.ts";
import { keepExemplar } from "./foreign_exemplar.ts";
import { copyLabels, unreadable } from "./foreign_labels.ts";

type Sample = NonNullable<CollectedLike["values"]>[number];

export const foreignTypes = ["counter", "gauge", "histogram", "summary"] as const;

/** The label in which a type keeps its bounds, and what stands behind the name of the samples that have one. */
const boundLabels = { histogram: ["le", "_bucket"], summary: ["quantile", ""] } as const;

/**
 * Checks an answer, and copies its numbers in one go: samples may be live objects.
 *
 * Pauses before each sample, so that whoever drains it decides how much is done in one go. Returns more than one snapshot
 * where samples bear names that are not the metric's. Throws a TypeError where the answer cannot be written.
 */
export function* readCollected(answer: CollectedLike): Generator<void, FamilySnapshot[]> {
  const { name, help, aggregator, values = [] } = answer;
  if (typeof name !== "string" || name === "" || typeof help !== "string") unreadable("it answered no name or no help");
  // What can only be gone through may have no end.
  if (!Array.isArray(values)) unreadable("its values are no list");
  // The first hole throws, however long the list is. Half a million numbers take some 6 ms (Node 20), in a plain list 14.
  const numbers = new Float64Array(values.length);
  for (let i = 0; i < numbers.length; i++) numbers[i] = Number(values[i]!.value);
  const type = foreignTypes.find((each) => each === answer.type) ?? "untyped";
  const family = type === "histogram" || type === "summary" ? new Distribution(type) : new Numbers();
  const strays = new Map<string, Numbers>();
  for (let i = 0; i < numbers.length; i++) {
    yield;
    const sample = values[i]!;
    const { metricName = name } = sample;
    const part = metricName.startsWith(name) ? metricName.slice(name.length) : undefined;
    if (family.add(sample, part, numbers[i]!)) continue;
    const stray = strays.get(metricName) ?? new Numbers();
    strays.set(metricName, stray);
    stray.add(sample, "", numbers[i]!);
  }
  const common = { help, isForeign: true, createdAt: undefined, ...(typeof aggregator === "string" && { aggregator }) };
  const shown = family instanceof Numbers ? family.shown() : yield* family.shown();
  return [
    { ...common, name, type, ...shown } as FamilySnapshot,
    ...Array.from(strays, ([name, stray]): FamilySnapshot => ({ ...common, name, type: "untyped", ...stray.shown() })),
  ];
}

type Shown<Kind extends FamilySnapshot> = Omit<Kind, "name" | "help" | "type" | "isForeign" | "createdAt">;

/** Samples with one number for each label set. */
class Numbers {
  readonly #labels: Labels[] = [];
  readonly #numbers: number[] = [];
  readonly #exemplars = new Map<number, ExemplarSnapshot>();
  #lost = 0;

  /** Takes a sample whose name ends so behind the family's; returns false where it is not of the family. */
  add({ labels = {}, exemplar }: Sample, part: string | undefined, number: number): boolean {
    if (part !== "") return false;
    const texts = copyLabels(labels);
    if (texts) {
      keepExemplar(this.#exemplars, this.#labels.length, exemplar);
      this.#labels.push(texts);
      this.#numbers.push(number);
    } else this.#lost++;
    return true;
  }

  shown(): Shown<NumbersSnapshot> {
    return {
      kind: "numbers",
      size: this.#labels.length,
      labels: (index) => this.#labels[index]!,
      numbers: this.#numbers,
      exemplars: this.#exemplars,
      lost: this.#lost,
    };
  }
}

/** Undefined where the metric did not answer it. */
type Told = number | undefined;

interface Gathered {
  readonly labels: Labels;
  /** By bound, and the totals by `_sum` and `_count`. */
  readonly values: Map<string, number>;
  readonly exemplars: Map<string, ExemplarSnapshot>;
}

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
  add({ labels = {}, exemplar }: Sample, part: string | undefined, number: number): boolean {
    const isTotal = part === "_sum" || part === "_count";
    if (!isTotal && part !== this.#boundPart) return false;
    const texts = copyLabels(labels);
    if (!texts) {
      this.#lost++;
      return true;
    }
    const { [this.#boundLabel]: bound, ...others } = texts;
    // Without a bound, or with one that is none, the whole page would be unreadable to a strict scraper.
    const place = isTotal ? part : spellBound(bound);
    if (!isTotal) this.#bounds.add(place);
    const { values, exemplars } = this.#of(isTotal ? texts : others);
    // Of samples that are alike the first stands.
    if (values.has(place)) this.#lost++;
    else {
      values.set(place, number);
      keepExemplar(exemplars, place, exemplar);
    }
    return true;
  }

  #of(labels: Record<string, string>): Gathered {
    const key = JSON.stringify(Object.entries(labels).sort(([a], [b]) => a < b ? -1 : 1));
    let gathered = this.#gathered.get(key);
    if (!gathered) this.#gathered.set(key, gathered = { labels, values: new Map(), exemplars: new Map() });
    return gathered;
  }

  *shown(): Generator<void, Shown<DistributionSnapshot>> {
    const sets = [...this.#gathered.values()];
    const bounds = [...this.#bounds];
    const [values, sums, counts]: [Told[], Told[], Told[]] = [[], [], []];
    const exemplars = new Map<number, ExemplarSnapshot>();
    for (const set of sets) {
      yield;
      sums.push(set.values.get("_sum"));
      counts.push(set.values.get("_count"));
      for (const bound of bounds) {
        const exemplar = set.exemplars.get(bound);
        if (exemplar) exemplars.set(values.length, exemplar);
        values.push(set.values.get(bound));
      }
    }
    return {
      kind: "distribution",
      size: sets.length,
      labels: (index) => sets[index]!.labels,
      bounds,
      values,
      sums,
      counts,
      exemplars,
      lost: this.#lost,
    };
  }
}

/** Spells a bound or a quantile of somebody else's like our own; throws a TypeError where it is no number. */
function spellBound(bound: string | undefined): string {
  const number = bound === "+Inf" ? Infinity : Number(bound);
  return Number.isNaN(number) ? unreadable("a bound is none") : boundText(number);
}

/**
 * The memory of another thread's slots, as it is read: also while that thread is blocked, and when it has ended.
 *
 * @module
 */

import type { ExemplarSnapshot, FamilySnapshot } from "../gather/family_snapshot.ts";
import { takeSnapshot } from "../gather/family_snapshot.ts";
import { type Family, labelsOf, labelText } from "../metrics/family.ts";
import type { RowFamily } from "./label_sets.ts";
import {
  entryWords,
  familiesAt,
  type FamilyDefinition,
  head,
  layoutVersion,
  mostFamilies,
  type SharedViews,
  slotsPart,
} from "./shared_layout.ts";

/** So often all numbers are read until nothing was counted meanwhile, and then so often those of each label set. */
const [wholeTries, slotTries] = [4, 50];

/** So often a reading is numbered anew that another one overtook. */
const numberTries = 50;

/** All numbers of a thread at one moment: of each family how many slots there are, below 0 where it is not here, and their numbers. */
export type Moment = Float64Array;

export interface LiveReading {
  /** The number of the report that is made of it: later ones are higher. */
  readonly number: number;
  readonly moment: Moment;
}

/** Where the slots of one family are. */
interface Place {
  readonly at: number;
  readonly size: number;
  readonly stride: number;
}

export class SharedReader {
  readonly #views: SharedViews;
  readonly #definitions: FamilyDefinition[] = [];
  /** Of each family the label values of the slots that were looked at. */
  readonly #rows: string[][][] = [];
  readonly #texts: string[] = [];

  /** Throws if the memory is laid out in another version's way. */
  constructor(views: SharedViews) {
    if (views.words[head.version] !== layoutVersion) {
      throw new TypeError("Cannot read copy: its memory is another version's");
    }
    this.#views = views;
  }

  /** Reads all numbers one after the other; whole where nothing is counted meanwhile, as in the thread itself. */
  moment(): Moment {
    return this.#fill((numbers, { at, size, stride }, to) => {
      numbers.set(this.#views.doubles.subarray(at, at + size * stride), to);
    });
  }

  /**
   * Reads while the thread goes on, or does not. Read twice alike, the numbers are those of one moment. Of a thread that
   * counts without a pause each label set is of one moment, and what differs between them is what was counted while they
   * were read. Undefined where it was overtaken by other readings all the time.
   */
  read(): LiveReading | undefined {
    const { words } = this.#views;
    for (let i = 0; i < numberTries; i++) {
      // What was numbered before is of an earlier moment than this, and what is numbered later of a later one.
      const before = Atomics.load(words, head.reports);
      const moment = this.#steady();
      if (Atomics.compareExchange(words, head.reports, before, before + 1) === before) {
        return { number: before + 1, moment };
      }
    }
    return undefined;
  }

  /** Shows what was read; `exemplarsOf` tells what is known of a family's exemplars. */
  families(
    moment: Moment,
    exemplarsOf: (name: string) => ReadonlyMap<number, ExemplarSnapshot> | undefined,
  ): (FamilySnapshot & RowFamily)[] {
    const shown: (FamilySnapshot & RowFamily)[] = [];
    for (let family = 0, at = 0; at < moment.length; family++) {
      const size = moment[at++]!;
      if (size < 0) continue;
      const definition = this.#definition(family);
      const end = at + size * definition.stride;
      const exemplars = exemplarsOf(definition.title);
      shown.push({ ...this.#shown(family, definition, size, moment.subarray(at, end)), exemplars } as typeof shown[0]);
      at = end;
    }
    return shown;
  }

  #shown(
    family: number,
    definition: FamilyDefinition,
    size: number,
    numbers: Float64Array,
  ): FamilySnapshot & RowFamily {
    const { labelNames, staticLabels } = definition;
    const rows = this.#rowsOf(family, size);
    const { words, doubles } = this.#views;
    const births = words[(this.#part(family) >> 2) + slotsPart.createdAt]! >> 3;
    const like = {
      ...definition,
      slots: {
        size,
        text: (slot: number) => labelText(labelNames, rows[slot]!, staticLabels),
        labels: (slot: number) => labelsOf(labelNames, rows[slot]!, staticLabels),
        createdAt: definition.dates ? doubles.slice(births, births + size) : undefined,
      },
      exemplars: { copy: () => undefined },
      copy: () => numbers.slice(),
    };
    const names = [...Object.keys(staticLabels).filter((name) => !labelNames.includes(name)), ...labelNames];
    const before = names.slice(0, names.length - labelNames.length).map((name) => staticLabels[name]!);
    const values = before.length > 0 ? rows.map((row) => [...before, ...row]) : rows;
    return { ...takeSnapshot(like as unknown as Family), rows: { names, values } };
  }

  #steady(): Moment {
    let last = this.moment();
    for (let i = 0; i < wholeTries; i++) {
      const next = this.moment();
      if (last.length === next.length && last.every((number, i) => number === next[i])) return next;
      last = next;
    }
    return this.#fill((numbers, { at, size, stride }, to) => {
      for (let slot = 0; slot < size; slot++) {
        for (let i = 0, isSteady = false; i < slotTries && !isSteady; i++) {
          isSteady = true;
          for (let j = slot * stride; j < (slot + 1) * stride; j++) {
            const number = this.#views.doubles[at + j]!;
            if (numbers[to + j] === number) continue;
            numbers[to + j] = number;
            isSteady = false;
          }
        }
      }
    });
  }

  #fill(read: (numbers: Float64Array, place: Place, to: number) => void): Moment {
    const places = this.#places();
    const moment = new Float64Array(places.reduce((sum, { size, stride }) => sum + 1 + Math.max(0, size) * stride, 0));
    let to = 0;
    for (const place of places) {
      moment[to++] = place.size;
      if (place.size < 0) continue;
      read(moment, place, to);
      to += place.size * place.stride;
    }
    return moment;
  }

  #places(): Place[] {
    const { words } = this.#views;
    const count = Math.min(Atomics.load(words, head.families), mostFamilies);
    return Array.from({ length: count }, (_, family) => {
      const part = this.#part(family);
      if (part <= 0) return { at: 0, size: -1, stride: 0 };
      const size = Atomics.load(words, (part >> 2) + slotsPart.size);
      return { at: words[(part >> 2) + slotsPart.numbers]! >> 3, size, stride: this.#definition(family).stride };
    });
  }

  #part(family: number): number {
    return Atomics.load(this.#views.words, (familiesAt >> 2) + entryWords * family + 1);
  }

  #definition(family: number): FamilyDefinition {
    const at = (familiesAt >> 2) + entryWords * family;
    return this.#definitions[family] ??= JSON.parse(this.#views.text(this.#views.words[at]!)) as FamilyDefinition;
  }

  #rowsOf(family: number, size: number): string[][] {
    const known = this.#rows[family] ?? [];
    const { words } = this.#views;
    const { labelNames: { length: width } } = this.#definition(family);
    const labels = words[(this.#part(family) >> 2) + slotsPart.labels]! >> 2;
    if (known.length >= size) return known.length === size ? known : known.slice(0, size);
    // Anew: what was told of those before goes on to have as many.
    return this.#rows[family] = Array.from(
      { length: size },
      (_, slot) =>
        known[slot] ?? Array.from({ length: width }, (_, i) => this.#text(words[labels + slot * width + i]!)),
    );
  }

  #text(number: number): string {
    const { words } = this.#views;
    return this.#texts[number] ??= this.#views.text(words[(Atomics.load(words, head.texts) >> 2) + number]!);
  }
}

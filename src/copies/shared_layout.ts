/**
 * How the memory is laid out in which a thread keeps the numbers of its slots, for the others to read.
 *
 * Each thread writes to its own memory alone, and everything that it adds is reached by one word that is written last: who
 * reads, sees it whole or not yet, also of a thread that was ended in the middle of it.
 *
 * @module
 */

import type { LagReading } from "../sample.ts";

/** Raised when the layout changes. */
export const layoutVersion = 1;

/** Where the words of the head stand, counted in words of 4 bytes. */
export const head = {
  version: 0,
  /** How many reports were made of the thread, by itself and by those that read. */
  reports: 1,
  /** How many families there are. */
  families: 2,
  /** Where the table of texts is. */
  texts: 3,
  /** Rises by one before the beat is written, and by one behind it. */
  beatTurn: 4,
  /** The most blocked time that others have shown, in milliseconds. */
  shownBlocked: 5,
} as const;

/** Where the numbers of the beat stand, counted in numbers of 8 bytes: when it is due, when the loop was free, and its lag. */
export const beatAt = 8;
export const lagParts: readonly (keyof LagReading)[] = [
  "latestSeconds",
  "peakSeconds",
  "blockedSeconds",
  "suspendedSeconds",
  "sampledAtUnixSeconds",
];

/** From which byte on there is an entry for each family: where its definition is, and where its slots are. */
export const familiesAt = 256;
export const entryWords = 2;
export const mostFamilies = 480;

/** In the place of its slots: they are not here. */
export const withdrawn = -1;

/** The parts of a family's slots, counted in words: how many there are, and where their numbers, labels and births are. */
export const slotsPart = { size: 0, numbers: 1, labels: 2, createdAt: 3, words: 4 } as const;

/** Where free memory begins. */
export const heapAt: number = familiesAt + entryWords * mostFamilies * 4;

export interface FamilyDefinition {
  readonly title: string;
  readonly help: string;
  readonly type: "counter" | "gauge" | "histogram" | "summary";
  readonly aggregator: "sum" | "min" | "max" | "first";
  readonly labelNames: readonly string[];
  readonly staticLabels: Readonly<Record<string, string>>;
  readonly stride: number;
  readonly bounds?: readonly string[];
  readonly dates: boolean;
}

/** Views of the whole memory, which grow with it. */
export class SharedViews {
  readonly buffer: SharedArrayBuffer;
  readonly words: Int32Array;
  readonly doubles: Float64Array;
  readonly units: Uint16Array;

  constructor(buffer: SharedArrayBuffer) {
    this.buffer = buffer;
    this.words = new Int32Array(buffer);
    this.doubles = new Float64Array(buffer);
    this.units = new Uint16Array(buffer);
  }

  /** Reads a text: its length, and behind it its units. */
  text(at: number): string {
    const length = this.words[at >> 2]!;
    let text = "";
    for (let i = 0; i < length; i++) text += String.fromCharCode(this.units[(at >> 1) + 2 + i]!);
    return text;
  }
}

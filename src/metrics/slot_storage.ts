/**
 * Where the numbers of slots are kept: one array for all slots of a family, which grows as slots are added.
 *
 * @module
 */

/**
 * Makes room for more numbers. What is not needed yet stays below a fifth of all.
 *
 * @param numbers The array as it is; it stays as it is where there is room already.
 * @param length How many numbers are needed.
 * @returns An array that begins with the same numbers, and has zeros behind them.
 */
export function roomFor<Numbers extends Float64Array | Int32Array>(numbers: Numbers, length: number): Numbers {
  if (length <= numbers.length) return numbers;
  const grown = new (numbers.constructor as new (length: number) => Numbers)(length + (length >> 3) + 8);
  grown.set(numbers);
  return grown;
}

/** What a family with slots tells of itself, for who keeps its numbers elsewhere. */
export interface SlottedFamily {
  readonly title: string;
  readonly help: string;
  readonly type: string;
  readonly aggregator: string;
  readonly labelNames: readonly string[];
  readonly staticLabels: Readonly<Record<string, string>>;
  /** How many numbers each slot has. */
  readonly stride: number;
  /** The bounds of a histogram, as they stand in `le`; absent where each slot has one number. */
  readonly bounds?: readonly string[];
  readonly slots: {
    readonly size: number;
    valuesOf(slot: number): readonly string[];
    readonly createdAt: ArrayLike<number> | undefined;
  };
}

/** Memory that other threads read as well: it keeps the numbers of families. */
export interface SlotMemory {
  /** Takes a family in; undefined where there is no room for another one. */
  add(family: SlottedFamily): FamilyMemory | undefined;
}

export interface FamilyMemory {
  /**
   * Shows the slots that were added. Returns where all numbers are from then on; undefined where the memory is full, and the
   * family is no longer in it.
   */
  keep(numbers: Float64Array): Float64Array | undefined;
  /** Shows anew when each slot began. */
  renew(): void;
}

/**
 * Numbers as JSON, and back.
 *
 * @module
 */

import { gridParts, ofGridParts } from "./exact_sums.ts";

/** JSON has no other numbers than finite ones. */
const oddNumbers: Readonly<Record<string, number>> = { n: Number.NaN, i: Infinity, m: Number.NEGATIVE_INFINITY };

/** How numbers are told as whole ones, which are shorter and sooner read. */
export interface Unit {
  /** How many units a number is; undefined where that is no whole number of them. */
  in(value: number): number | undefined;
  of(units: number): number;
}

export const whole: Unit = { in: (value) => Number.isSafeInteger(value) ? value : undefined, of: (units) => units };

/** Of sums that are cut off at the grid wherever copies are joined. */
export const inGrid: Unit = { in: gridParts, of: ofGridParts };

/** Of times of the system's clock. */
export const inMilliseconds: Unit = {
  in(value) {
    const units = Math.round(value * 1000);
    return units / 1000 === value ? units : undefined;
  },
  of: (units) => units / 1000,
};

/** The first numbers of what may have more. */
export function firstOf<Value>(numbers: ArrayLike<Value>, length: number): ArrayLike<Value> {
  if (numbers.length === length) return numbers;
  return numbers instanceof Float64Array
    ? numbers.subarray(0, length) as unknown as ArrayLike<Value>
    : Array.prototype.slice.call(numbers, 0, length);
}

/** Writes numbers. Joining takes half of the time that JSON does. */
export function numbersText(numbers: ArrayLike<number | undefined>): string {
  for (let i = 0; i < numbers.length; i++) {
    if (!Number.isFinite(numbers[i])) return JSON.stringify(Array.from(numbers, wireNumber));
  }
  return `[${(numbers instanceof Float64Array ? numbers : Array.from(numbers)).join()}]`;
}

/**
 * Writes numbers as whole ones in an array of their own where they are: each as how much more it is than the one before,
 * but for the first of every so many.
 */
export function stepsText(numbers: ArrayLike<number | undefined>, unit: Unit, stride = 1): string {
  const steps: number[] = [];
  for (let i = 0, before = 0, left = 0; i < numbers.length; i++, left--) {
    const units = unit.in(numbers[i] ?? Number.NaN);
    if (units === undefined) return numbersText(numbers);
    if (left === 0) [before, left] = [0, stride];
    steps.push(units - before);
    before = units;
  }
  return `[[${steps.join()}]]`;
}

/** Makes what JSON takes of a number. */
export function wireNumber(number: number | undefined): unknown {
  if (number === undefined) return null;
  return Number.isFinite(number) ? number : number > 0 ? "i" : number < 0 ? "m" : "n";
}

/** Reads so many numbers; throws where they are none, or all are to be told and one is not. */
export function readNumbers(given: unknown, length: number, areTold = false): (number | undefined)[] {
  must(Array.isArray(given) && given.length === length);
  // Almost all are numbers, and need not be copied.
  if (given.every((each) => typeof each === "number")) return given;
  return given.map((each: unknown) => {
    if (typeof each === "number") return each;
    if (each === null && !areTold) return undefined;
    must(typeof each === "string" && Object.hasOwn(oddNumbers, each));
    return oddNumbers[each];
  });
}

/** Reads what may have been written as whole numbers. */
export function readSteps(
  given: unknown,
  length: number,
  unit: Unit,
  stride = 1,
  areTold = false,
): (number | undefined)[] {
  if (!Array.isArray(given) || !Array.isArray(given[0])) return readNumbers(given, length, areTold);
  const steps = given[0] as number[];
  must(given.length === 1 && steps.length === length);
  for (let first = 0; first < length; first += stride) {
    const end = Math.min(first + stride, length);
    for (let i = first, sum = 0; i < end; i++) {
      const step = steps[i];
      must(typeof step === "number");
      sum += step;
      steps[i] = unit.of(sum);
    }
  }
  return steps;
}

/** Is this a whole number of at least 0? */
export function isCount(value: unknown): value is number {
  return Number.isSafeInteger(value) && (value as number) >= 0;
}

/** Throws unless it is so. */
export function must(isRight: boolean, what = "a family"): asserts isRight {
  if (!isRight) throw new TypeError(`Cannot read copy: ${what} is not as it should be`);
}

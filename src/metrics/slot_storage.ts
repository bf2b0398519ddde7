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

/**
 * What tells the two text formats apart.
 *
 * @module
 */

import type { Exemplar } from "../metrics/exemplars.ts";
import type { Escaping } from "./names.ts";

/** One text format, as one scraper wants it. */
export interface Dialect {
  readonly escaping: Escaping;
  /**
   * Writes the metadata of a family.
   *
   * @param name The family's name, with `_total` where it has that.
   * @param type Its type.
   * @param help What it means.
   * @returns Whole lines.
   */
  header(name: string, type: string, help: string): string;
  /** Writes what stands behind a number; undefined where exemplars are not written. */
  readonly exemplar: ((exemplar: Exemplar) => string) | undefined;
  /** Are there lines that tell when each series began? */
  readonly created: boolean;
  /** The last line of the page. */
  readonly end: string;
}

/**
 * Spells a number as both formats do.
 *
 * @param value Any number.
 * @returns Such as `0.5`, `NaN` or `+Inf`.
 */
export function numberText(value: number): string {
  if (value === Infinity) return "+Inf";
  if (value === -Infinity) return "-Inf";
  return String(value);
}

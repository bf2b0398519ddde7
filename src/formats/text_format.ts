/**
 * What tells the two text formats apart.
 *
 * @module
 */

import type { ExemplarSnapshot } from "../gather/family_snapshot.ts";
import type { Escaping } from "./names.ts";

export interface TextFormat {
  readonly escaping: Escaping;
  /** Writes the metadata of a family in whole lines; its name has `_total` where it has that. */
  header(name: string, type: string, help: string): string;
  /** Writes what stands behind a number; undefined where exemplars are not written. */
  readonly exemplar: ((exemplar: ExemplarSnapshot) => string) | undefined;
  /** Are there lines that tell when each series began? */
  readonly created: boolean;
}

/** Spells a number as both formats do, such as `0.5`, `NaN` or `+Inf`. */
export function numberText(value: number): string {
  if (value === Infinity) return "+Inf";
  if (value === -Infinity) return "-Inf";
  return String(value);
}

/**
 * Labels of somebody else's metrics, and how such a metric is refused.
 *
 * @module
 */

import { asked } from "../runtime/asked.ts";
import { isObject } from "../check.ts";

/** Refuses to read a metric. Nobody sees why: whoever asks counts it by its name. */
export function unreadable(reason: string): never {
  throw new TypeError(`Cannot read metric: ${reason}`);
}

/**
 * Copies labels as texts: they are the metric's own objects, and apps have been seen to change them. Returns undefined where
 * one cannot be written.
 */
export function copyLabels(labels: unknown): Record<string, string> | undefined {
  if (!isObject(labels)) unreadable("its labels are none");
  return asked(() => {
    const copy = { ...labels } as Record<string, unknown>;
    // Own ones alone: what an app has added to all objects is no label.
    for (const name of Object.keys(copy)) {
      const value = copy[name];
      if (value === undefined) delete copy[name];
      else if (typeof value !== "string") copy[name] = String(value);
    }
    return copy as Record<string, string>;
  });
}

/**
 * The check at the door: a wrong option is an error at once, which says what was expected and what came.
 *
 * @module
 */

import { checkTable, fail, withDefaults } from "../check.ts";
import type { Collected } from "../metrics/entry.ts";
import { collectOptions, monitorOptions } from "./option_table.ts";
import type { MonitorOptions, Settings } from "./options.ts";

export function checkOptions(options: MonitorOptions): Settings {
  const { registry: _, ...given } = checkTable(fail, options, monitorOptions) as Required<MonitorOptions>;
  const { intervalSeconds, collect, http: { fromPython, ...common } } = given;
  return {
    ...given,
    // No timer is finer than a millisecond.
    intervalSeconds: Math.max(0.001, intervalSeconds),
    collect: { ...withDefaults(collectOptions, collect), calls: true } as Collected,
    // Every histogram has a last bucket of +Inf: given as well, it would stand on the page twice.
    http: {
      ...common,
      ...fromPython,
      ...(common.buckets && { buckets: common.buckets.filter((bound) => bound !== Infinity) }),
    },
  };
}

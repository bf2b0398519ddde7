/**
 * What several monitors of one registry must agree on: they share one beat and one set of families.
 *
 * @module
 */

import { isRecord } from "../check.ts";
import { fromPythonOptions } from "../http/option_table.ts";
import type { RequestSettings } from "../http/options.ts";
import type { CoreSettings } from "./core.ts";

/** The settings that monitors of one registry cannot have each for itself. */
const shared = ["prefix", "intervalSeconds", "stallSeconds", "maxLabelSets", "nativeHistograms", "labels"] as const;

/** What a user has given, before defaults. */
export interface GivenSettings extends Partial<Pick<CoreSettings, typeof shared[number]>> {
  readonly collect?: Readonly<Record<string, boolean | undefined>> | object;
}

/** Throws unless the newcomer gave what the core has; what it did not give, it takes as it is. */
export function mustAgree(current: CoreSettings, given: GivenSettings, settings: CoreSettings): void {
  for (const name of shared) {
    if (given[name] !== undefined) mustBeSame("this registry is measured", name, current[name], settings[name]);
  }
  for (const [group, on] of Object.entries(given.collect ?? {})) {
    if (on === undefined) continue;
    const is = current.collect[group as keyof CoreSettings["collect"]];
    mustBeSame("this registry is measured", `collect.${group}`, is, on);
  }
}

/** Functions are the same if their texts are, so that a hot reload can bring them anew. */
export function mustAgreeOnHttp(current: RequestSettings, wanted: RequestSettings): void {
  for (const name of Object.keys(wanted) as (keyof RequestSettings)[]) {
    if (wanted[name] === undefined) continue;
    mustBeSame("requests are measured in this registry", http(name), current[name], wanted[name]);
  }
}

/** Where the user gives it. */
function http(name: string): string {
  return Object.hasOwn(fromPythonOptions, name) ? `http.fromPython.${name}` : `http.${name}`;
}

function mustBeSame(what: string, name: string, current: unknown, wanted: unknown): void {
  const [is, got] = [spell(current), spell(wanted)];
  if (is === got) return;
  throw new Error(
    `Cannot create monitor: ${what} already, with ${name} ${is}, got ${got}; ` +
      "leave it out or give the same to join, or give a registry of its own to have two",
  );
}

/** The same settings are spelled the same, whatever the order in which they were given. */
function spell(value: unknown): string {
  return JSON.stringify(value, (_, each: unknown) => {
    if (each instanceof RegExp || typeof each === "function") return String(each);
    if (!isRecord(each)) return each;
    return Object.fromEntries(Object.entries(each).sort(([a], [b]) => a < b ? -1 : 1));
  }) ?? "not given";
}

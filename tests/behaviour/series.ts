import { it } from "node:test";
import process from "node:process";
import { Registry } from "prom-client";
import { assertFalse } from "@std/assert";
import { createMonitor } from "@rtm/runtime-metrics";
import { absences } from "../../scripts/absences.ts";
import { catalog, type CatalogEntry } from "../../src/metrics/catalog/catalog.ts";
import { runtimeName, sleep } from "../support/loop.ts";
import { type Page, scrape } from "../support/page.ts";

/** The name as it stands on the page of a monitor with the default prefix. */
export function pageName({ bare, name }: CatalogEntry): string {
  return bare ? name : `runtime_${name}`;
}

/**
 * Why a metric is missing on the page of the runtime that this runs on; undefined where it is there. Some are missing
 * only under a condition that is told in words.
 */
export function absence({ name }: CatalogEntry): string | undefined {
  const absent = absences[name];
  if (name === "thread_cpu_seconds_total" && runtimeName === "node" && "threadCpuUsage" in process) return undefined;
  // Every test runs with all permissions; tests/runtime/permissions.deno_test.ts is the one that does not.
  if (runtimeName === "deno" && absent?.deno?.includes("--allow-all")) return undefined;
  return absent?.[runtimeName];
}

/**
 * A test of one metric: its cause is made to happen, and the metric has to move with it. Where it is said to
 * be absent, it has to be absent instead. tests/behaviour/completeness_test.ts finds these calls by their text.
 *
 * @param name The metric's name in the catalog.
 * @param behaviour What the test shows.
 * @param test Makes the cause happen.
 */
export function series(name: string, behaviour: string, test: () => Promise<void>): void {
  const entry = catalog.find((entry) => entry.name === name);
  if (!entry) throw new Error(`Cannot test ${name}: it is not in the catalog`);
  const reason = absence(entry);
  if (reason === undefined) it(`${name} ${behaviour}`, test);
  else it(`${name} is absent: ${reason}`, async () => assertFalse((await livedIn()).has(pageName(entry))));
}

/** The page of a monitor that has beaten for a while. */
async function livedIn(): Promise<Page> {
  using monitor = createMonitor({ registry: new Registry() });
  await sleep(0.1);
  return await scrape(monitor);
}

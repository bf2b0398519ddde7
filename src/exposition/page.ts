/**
 * One page: our own families, then everybody else's metrics.
 *
 * @module
 */

import type { Core } from "../core.ts";
import { type CollectedLike, type CollectorLike, defaultLabels, type RegistryLike } from "../registry_like.ts";
import { renderFamily, renderForeign } from "./text.ts";

/**
 * Makes the page.
 *
 * @param core What is measured; undefined to show only the registry.
 * @param registry Where everybody else's metrics are; undefined where there is none.
 * @returns The text.
 */
export async function renderPage(core: Core | undefined, registry: RegistryLike | undefined): Promise<string> {
  const begin = core?.runtime.now() ?? 0;
  core?.refresh();
  const own = core?.families() ?? [];
  const foreign = registry ? await collect(registry, new Set<unknown>(own), core) : [];
  const written = new Set<string>();
  const instance = core?.runtime.instance?.();
  const labels = { ...(instance !== undefined && { instance }), ...(registry && defaultLabels(registry)) };
  let page = "";
  let series = 0;
  const write = (name: string, text: Generator<string, number>): void => {
    if (written.has(name)) return;
    written.add(name);
    let piece = text.next();
    for (; !piece.done; piece = text.next()) page += piece.value;
    series += piece.value;
  };
  for (const family of own) write(family.title, renderFamily(family, labels));
  for (const metric of foreign) {
    const before = page;
    try {
      write(metric.name, renderForeign(metric, labels));
    } catch {
      // It answered what cannot be written; nothing of it stands on the page, and the next one tells.
      page = before;
      core?.countError(`metric:${metric.name}`);
    }
  }
  // The names that every client uses are an app's own `collectDefaultMetrics()`'s before they are ours.
  for (const family of core?.fallbackFamilies() ?? []) write(family.title, renderFamily(family, labels));
  core?.finishedPage(core.runtime.now() - begin, series);
  return page;
}

/** Asks every metric of somebody else's, side by side. One that throws costs only itself. */
async function collect(
  registry: RegistryLike,
  own: ReadonlySet<unknown>,
  core: Core | undefined,
): Promise<CollectedLike[]> {
  const metrics = registry.getMetricsAsArray().filter((metric) => !own.has(metric)) as CollectorLike[];
  const answers = await Promise.all(metrics.map(async (metric) => {
    try {
      const answer = await metric.get();
      if (typeof answer?.name !== "string") throw new TypeError("Cannot read metric: it answered none");
      return answer;
    } catch {
      core?.countError(`metric:${metric.name}`);
      return undefined;
    }
  }));
  return answers.filter((answer) => answer !== undefined);
}

/**
 * Every family as it is at one moment: our own, then everybody else's metrics.
 *
 * @module
 */

import type { Core } from "../core/core.ts";
import type { Family } from "../metrics/family.ts";
import { defaultLabels, type RegistryLike } from "../metrics/registry_like.ts";
import type { Runtime } from "../runtime/shim.ts";
import { type FamilySnapshot, type Gathered, type Labels, takeSnapshot } from "./family_snapshot.ts";
import { askForeign, type ClientStore } from "./foreign_metrics.ts";
import { nextSlice } from "./loop_budget.ts";
import { copiesOf } from "./other_copies.ts";

export type { Gathered };

export interface GatherSource {
  readonly runtime: Runtime;
  /** What is measured; undefined to show only the registry. */
  readonly core: Core | undefined;
  /** Where everybody else's metrics are; undefined where there is none. */
  readonly registry: RegistryLike | undefined;
  /** Reads metrics of known clients without asking them. */
  readonly store?: ClientStore | undefined;
}

export interface GatherOptions {
  /** How long each foreign metric may take to answer, in seconds. */
  readonly timeoutSeconds: number;
  /** How long each foreign metric may take for the most patient scraper, in seconds. */
  readonly longestSeconds?: number;
  /** The families that are wanted, by their names or those of their samples; all of them when it is empty. */
  readonly names?: readonly string[];
  /** Whether other copies are left out that were joined. */
  readonly isAlone?: boolean;
  /** Whether the app's own metrics that do not answer in time are shown as they were read last for such a page. */
  readonly remembers?: boolean;
  /** Whether it is to be told when the series of the app's own metrics began. */
  readonly withStarts?: boolean;
  /** Called with the name of each metric that could not be read; it is counted in any case. */
  readonly failed?: (name: string) => void;
  /** Called at the moment of which our own numbers are. */
  readonly taken?: () => void;
}

/** For so long the beats that the first look has answered are the newest, in seconds. */
const settledSeconds = 0.05;

/** Asks everybody's metrics, and the other copies of the service where they were joined, and takes the snapshot of all. */
export async function gather(source: GatherSource, options: GatherOptions): Promise<Gathered> {
  const copies = options.isAlone ? undefined : copiesOf(source.core);
  if (!copies) return await gatherOwn(source, options);
  const round = copies.begin();
  // The others are told all of it, whatever is wanted of this page.
  const own = await gatherOwn(source, {
    ...{ ...options, names: [], remembers: true, taken: () => round.taken() },
    timeoutSeconds: Math.min(options.timeoutSeconds, copies.collectSeconds),
    longestSeconds: copies.collectSeconds,
  });
  const all = await round.join(own);
  const wants = wanting(options.names);
  return { ...all, families: all.families.filter(({ name }) => wants(name)) };
}

async function gatherOwn(source: GatherSource, options: GatherOptions): Promise<Gathered> {
  const { runtime, core, registry } = source;
  // No turn is waited for before the snapshot is taken: a scrape that ends a block shows that block, not the beat behind it.
  const begin = runtime.now();
  core?.refresh();
  const wants = wanting(options.names);
  const own = core?.families() ?? [];
  const failed = (name: string): void => {
    core?.self.fail(`metric:${name}`);
    options.failed?.(name);
  };
  const readForeign = registry
    ? await askForeign(registry, new Set<unknown>(own), { ...source, ...options, wants, failed }).catch(() => {
      core?.self.fail("registry");
      return undefined;
    })
    : undefined;
  // What is read and what is counted must be of one moment, and others have been asked since. Beats are answered again only
  // where that took a while: one that came due meanwhile would take the place of the block that this scrape has ended.
  core?.refresh(runtime.now() - begin > settledSeconds);
  const taking = runtime.now();
  const take = (families: readonly Family[]): FamilySnapshot[] =>
    families.filter(({ title }) => wants(title)).flatMap((family) => {
      try {
        return [takeSnapshot(family)];
      } catch {
        failed(family.title);
        return [];
      }
    });
  const [counted, fallback] = [take(own), take(core?.fallbackFamilies() ?? [])];
  options.taken?.();
  await nextSlice(runtime, taking);
  // Behind our own, since it may take turns of the loop: a beat that comes in one of them is not on this page.
  const foreign = await readForeign?.() ?? [];
  const instance = core?.runtime.instance?.();
  const labels = {
    ...(instance !== undefined && { instance }),
    ...(registry && textsOf(defaultLabels(registry), failed)),
  };
  return { families: [...counted, ...foreign, ...fallback], labels };
}

/** Tells whether a family is wanted; all of them are when no name is given. */
function wanting(names: readonly string[] = []): (name: string) => boolean {
  const wanted = new Set(names);
  return (name) => wanted.size === 0 || namesOf(name).some((each) => wanted.has(each));
}

/** The names by which a family can be asked for: its own, those of its samples, and OpenMetrics' for a counter. */
function namesOf(family: string): string[] {
  const samples = ["", "_bucket", "_sum", "_count", "_created"].map((part) => family + part);
  return family.endsWith("_total") ? [...samples, family.slice(0, -"_total".length)] : samples;
}

/** The labels of a registry may be anything; one that is no text stands on no series. */
function textsOf(labels: Readonly<Record<string, unknown>>, failed: (name: string) => void): Labels {
  return Object.fromEntries(
    Object.keys(labels).flatMap((name) => {
      try {
        return [[name, String(labels[name])]];
      } catch {
        failed("default_labels");
        return [];
      }
    }),
  );
}

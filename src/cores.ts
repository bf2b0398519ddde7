/**
 * One core for each registry and prefix, counted by reference.
 *
 * Two monitors, two copies of this package in one process, or a hot reload share one beat and one set of families.
 *
 * @module
 */

import { Core } from "./core.ts";
import type { MonitorOptions, Settings } from "./options.ts";
import type { RegistryLike } from "./registry_like.ts";
import type { Runtime } from "./runtime/shim.ts";

/** Raised when cores of one version can no longer be used by another. */
const protocol = 1;

/** A core and how many monitors hold it. */
interface Shared {
  readonly core: Core;
  holders: number;
}

/** The cores of every copy of this package that speaks this protocol, by registry and prefix. */
type SharedCores = WeakMap<object, Map<string, Shared>>;

const brand = Symbol.for(`@rtm/runtime-metrics.cores.${protocol}`);

/** Stands for the registry where there is none. */
const noRegistry = Symbol.for("@rtm/runtime-metrics.no-registry");

/** The settings that monitors of one core cannot have each for itself. */
const shared = ["intervalSeconds", "maxLabelSets", "labels", "collect", "http"] as const;

/**
 * Joins the core of a registry and a prefix, or begins it.
 *
 * @param runtime Where this runs; asked only for a new core.
 * @param registry Where to register.
 * @param options What the user gave.
 * @param settings The same, checked and filled in.
 * @returns The core, measuring, and a function that lets go of it; the last to let go stops it.
 * @throws {Error} If the core has other settings than those that the user gave, or a name is taken in the registry.
 */
export function joinCore(
  runtime: () => Runtime,
  registry: RegistryLike | undefined,
  options: MonitorOptions,
  settings: Settings,
): { core: Core; leave: () => void } {
  const cores = coresOf(registry);
  let held = cores.get(settings.prefix);
  if (held) mustAgree(held.core.settings, options, settings);
  else held = { core: new Core(runtime(), registry, settings), holders: 0 };
  // It throws before anything has begun; only what runs is remembered.
  held.core.start();
  cores.set(settings.prefix, held);
  held.holders++;
  const { core } = held;
  let left = false;
  return {
    core,
    leave() {
      if (left) return;
      left = true;
      if (--held.holders > 0) return;
      cores.delete(settings.prefix);
      core.stop();
    },
  };
}

function coresOf(registry: RegistryLike | undefined): Map<string, Shared> {
  const global = globalThis as unknown as { [key: symbol]: unknown };
  const all = (global[brand] ??= new WeakMap()) as SharedCores;
  const key = registry ?? (global[noRegistry] ??= {}) as object;
  let cores = all.get(key);
  if (!cores) all.set(key, cores = new Map());
  return cores;
}

/** What the newcomer did not give, it takes as it is. */
function mustAgree(current: Settings, options: MonitorOptions, settings: Settings): void {
  for (const name of shared) {
    if (options[name] === undefined) continue;
    const [is, wanted] = [spell(current[name]), spell(settings[name])];
    if (is === wanted) continue;
    throw new Error(
      `Cannot create monitor: this registry is measured already under the prefix "${settings.prefix}", ` +
        `with ${name} ${is}, got ${wanted}; give the same, another prefix, or another registry`,
    );
  }
}

/** The same settings are spelled the same, whatever the order in which they were given. */
function spell(value: Settings[typeof shared[number]]): string {
  return JSON.stringify(value, typeof value === "object" ? Object.keys(value).sort() : undefined);
}

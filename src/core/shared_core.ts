/**
 * One core for each registry, counted by reference.
 *
 * Two monitors, two copies of this package in one process, or a hot reload share one beat and one set of families.
 *
 * @module
 */

import type { Recorder } from "../http/recorder.ts";
import type { RegistryLike } from "../metrics/registry_like.ts";
import type { EntryParts } from "../process/process_watch.ts";
import { sharedByCopies } from "../runtime/shared_global.ts";
import type { Runtime } from "../runtime/shim.ts";
import { type GivenSettings, mustAgree, mustAgreeOnHttp } from "./agreement.ts";
import { Core, type CoreSettings } from "./core.ts";

/** Raised when cores of one version can no longer be used by another. */
const protocol = 1;

interface Shared {
  readonly core: Core;
  holders: number;
}

/** What a monitor holds of the core that it has joined. */
export interface Joined {
  readonly core: Core;
  /** False where a variable was named that switches the page on, and is not set. */
  readonly isOn: boolean;
  /** Where requests are counted, which begins when it is first asked for; undefined where they are not measured. */
  recorder(): Recorder | undefined;
  /** Lets go of the core; the last to let go stops it. */
  leave(): void;
}

/**
 * Joins the core of a registry, or begins it on the runtime that is asked for only then. Throws if the core has other
 * settings than those that were given, or a name is taken in the registry.
 */
export function joinCore(
  runtime: () => Runtime,
  registry: RegistryLike | undefined,
  given: GivenSettings,
  settings: CoreSettings,
  parts: EntryParts,
): Joined {
  const { cores, key } = coresOf(registry);
  let held = cores.get(key);
  if (held) {
    mustAgree(held.core.settings, given, settings);
    if (held.core.http) mustAgreeOnHttp(held.core.http.settings.http, settings.http);
  } else held = { core: new Core(runtime(), registry, settings, parts), holders: 0 };
  // It throws before anything has begun; only what runs is remembered.
  held.core.start();
  cores.set(key, held);
  held.holders++;
  const { core } = held;
  const isOn = isEnabled(core.runtime, settings);
  const measuresHttp = core.settings.collect.http && isOn;
  let left = false;
  return {
    core,
    isOn,
    recorder() {
      if (!measuresHttp || left) return undefined;
      if (core.http) mustAgreeOnHttp(core.http.settings.http, settings.http);
      return core.measureHttp(settings.http).recorder;
    },
    leave() {
      if (left) return;
      left = true;
      if (--held.holders > 0) return;
      cores.delete(key);
      core.stop();
    },
  };
}

/** Is the variable set that switches the page and the measurement of requests on, where one was named? */
function isEnabled(runtime: Runtime, { http: { enableVariable } }: CoreSettings): boolean {
  if (enableVariable === undefined) return true;
  const value = runtime.environment(enableVariable === true ? "ENABLE_METRICS" : enableVariable);
  return value !== undefined && ["true", "1"].includes(value.toLowerCase());
}

/** The cores of every copy of this package that speaks this protocol, by registry. */
function coresOf(registry: RegistryLike | undefined): { cores: WeakMap<object, Shared>; key: object } {
  // An object stands for the registry where there is none.
  const cores = sharedByCopies(`cores.${protocol}`, () => new WeakMap<object, Shared>());
  return { cores, key: registry ?? sharedByCopies("no-registry", () => ({})) };
}

/**
 * One core for each registry and prefix, counted by reference.
 *
 * Two monitors, two copies of this package in one process, or a hot reload share one beat and one set of families.
 *
 * @module
 */

import { CallMeasurement } from "./call_families.ts";
import { Core } from "./core.ts";
import { HttpFamilies } from "../http/http_families.ts";
import type { HttpOptions } from "../http/options.ts";
import type { Recorder } from "../http/recorder.ts";
import type { CollectOptions, MonitorOptions, Settings } from "../monitor/options.ts";
import type { Reach } from "../process/process_watch.ts";
import type { RegistryLike } from "../metrics/registry_like.ts";
import type { Runtime } from "../runtime/shim.ts";

/** Raised when cores of one version can no longer be used by another. */
const protocol = 1;

/** A core and how many monitors hold it. */
interface Shared {
  readonly core: Core;
  holders: number;
}

/** Everything that measures in one registry. */
interface Measured {
  /** By prefix. */
  readonly cores: Map<string, Shared>;
  /** One for all cores: the names of HTTP metrics have no prefix. */
  http?: HttpFamilies | undefined;
  /** The same for the calls that apps make themselves. */
  calls?: CallMeasurement | undefined;
}

/** What every copy of this package that speaks this protocol measures, by registry. */
type AllMeasured = WeakMap<object, Measured>;

const brand = Symbol.for(`@rtm/runtime-metrics.cores.${protocol}`);

/** Stands for the registry where there is none. */
const noRegistry = Symbol.for("@rtm/runtime-metrics.no-registry");

/** The settings that monitors of one core cannot have each for itself. */
const shared = ["intervalSeconds", "maxLabelSets", "labels"] as const;

/**
 * Joins the core of a registry and a prefix, or begins it.
 *
 * @param runtime Where this runs; asked only for a new core.
 * @param registry Where to register.
 * @param options What the user gave.
 * @param settings The same, checked and filled in.
 * @param reach How far a new core sees.
 * @returns The core, measuring, and a function that lets go of it; the last to let go stops it.
 * @throws {Error} If the core has other settings than those that the user gave, or a name is taken in the registry.
 */
export function joinCore(
  runtime: () => Runtime,
  registry: RegistryLike | undefined,
  options: MonitorOptions,
  settings: Settings,
  reach: Reach,
): { core: Core; recorder: () => Recorder | undefined; calls: () => CallMeasurement; leave: () => void } {
  const measured = measuredIn(registry);
  const { cores } = measured;
  let held = cores.get(settings.prefix);
  if (measured.http) mustAgreeOnHttp(measured.http.settings.http, settings.http);
  if (held) mustAgree(held.core.settings, options, settings);
  else held = { core: new Core(runtime(), registry, settings, reach), holders: 0 };
  // It throws before anything has begun; only what runs is remembered.
  held.core.start();
  cores.set(settings.prefix, held);
  held.holders++;
  const { core } = held;
  const measuresHttp = settings.collect.http && isEnabled(core.runtime, settings);
  let left = false;
  return {
    core,
    recorder: () => measuresHttp ? measureHttp(measured, core, registry, settings).recorder : undefined,
    calls: () => measureCalls(measured, core, registry, settings),
    leave() {
      if (left) return;
      left = true;
      if (--held.holders > 0) return;
      cores.delete(settings.prefix);
      core.stop();
      core.http = core.calls = undefined;
      const others = [...cores.values()].map((other) => other.core);
      if (!others.some(({ http }) => http)) {
        measured.http?.stop();
        measured.http = undefined;
      }
      if (!others.some(({ calls }) => calls)) {
        measured.calls?.stop();
        measured.calls = undefined;
      }
    },
  };
}

/** Is the variable set that switches the measurement of requests on, where one was named? */
function isEnabled(runtime: Runtime, { http: { enableVariable } }: Settings): boolean {
  if (enableVariable === undefined) return true;
  const value = runtime.environment(enableVariable === true ? "ENABLE_METRICS" : enableVariable);
  return value !== undefined && ["true", "1"].includes(value.toLowerCase());
}

/** Joins the registry's measurement of requests, or begins it. */
function measureHttp(
  measured: Measured,
  core: Core,
  registry: RegistryLike | undefined,
  settings: Settings,
): HttpFamilies {
  // What this monitor did not give, it takes as it is: from what measures already, or from the core that it has joined.
  const current = measured.http?.settings ?? core.settings;
  if (measured.http) mustAgreeOnHttp(current.http, settings.http);
  const given = Object.entries(settings.http).filter(([, option]) => option !== undefined);
  const joined = { ...current, http: { ...current.http, ...Object.fromEntries(given) } };
  measured.http?.renew(joined);
  // A drop or an error is everybody's who shows these metrics.
  const each = (tell: (core: Core) => void): void => {
    for (const { core } of measured.cores.values()) if (core.http) tell(core);
  };
  measured.http ??= new HttpFamilies(core.runtime, registry, joined, {
    collect: () => each((core) => core.collect()),
    drop: (family) => each((core) => core.countDrop(family)),
    fail: () => each((core) => core.countError("http")),
  });
  measured.http.register();
  core.expectErrors("http");
  return core.http = measured.http;
}

/** Joins the registry's measurement of calls, or begins it. */
function measureCalls(
  measured: Measured,
  core: Core,
  registry: RegistryLike | undefined,
  settings: Settings,
): CallMeasurement {
  const each = (tell: (core: Core) => void): void => {
    for (const { core } of measured.cores.values()) if (core.calls) tell(core);
  };
  measured.calls ??= new CallMeasurement(registry, settings, {
    now: () => core.runtime.now(),
    collect: () => each((core) => core.collect()),
    drop: (family) => each((core) => core.countDrop(family)),
    fail: (source) => each((core) => core.countError(source)),
    expect: (source) => each((core) => core.expectErrors(source)),
  });
  core.calls = measured.calls;
  measured.calls.register();
  return measured.calls;
}

function measuredIn(registry: RegistryLike | undefined): Measured {
  const global = globalThis as unknown as { [key: symbol]: unknown };
  const all = (global[brand] ??= new WeakMap()) as AllMeasured;
  const key = registry ?? (global[noRegistry] ??= {}) as object;
  let measured = all.get(key);
  if (!measured) all.set(key, measured = { cores: new Map() });
  return measured;
}

/** What the newcomer did not give, it takes as it is. */
function mustAgree(current: Settings, options: MonitorOptions, settings: Settings): void {
  for (const name of shared) {
    if (options[name] !== undefined) mustBeSame(name, settings.prefix, current[name], settings[name]);
  }
  for (const [group, on] of Object.entries(options.collect ?? {})) {
    if (on !== undefined) {
      mustBeSame(`collect.${group}`, settings.prefix, current.collect[group as keyof CollectOptions], on);
    }
  }
}

/** Functions are the same if their texts are, so that a hot reload can bring them anew. */
function mustAgreeOnHttp(current: HttpOptions, wanted: HttpOptions): void {
  for (const name of Object.keys(wanted) as (keyof HttpOptions)[]) {
    if (wanted[name] !== undefined) mustBeSame(`http.${name}`, undefined, current[name], wanted[name]);
  }
}

function mustBeSame(name: string, prefix: string | undefined, current: unknown, wanted: unknown): void {
  const [is, got] = [spell(current), spell(wanted)];
  if (is === got) return;
  throw new Error(
    prefix === undefined
      ? `Cannot create monitor: requests are measured already in this registry, with ${name} ${is}, got ${got}; ` +
        "give the same, or another registry"
      : `Cannot create monitor: this registry is measured already under the prefix "${prefix}", ` +
        `with ${name} ${is}, got ${got}; give the same, another prefix, or another registry`,
  );
}

/** The same settings are spelled the same, whatever the order in which they were given. */
function spell(value: unknown): string {
  return JSON.stringify(value, (_, each: unknown) => {
    if (each instanceof RegExp || typeof each === "function") return String(each);
    if (typeof each !== "object" || each === null || Array.isArray(each)) return each;
    return Object.fromEntries(Object.entries(each).sort(([a], [b]) => a < b ? -1 : 1));
  }) ?? "not given";
}

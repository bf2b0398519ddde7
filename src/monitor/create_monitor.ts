/**
 * `createMonitor`, with prom-client's global registry for a default.
 *
 * @module
 */

import { promClientStore } from "../gather/prom_client_store.ts";
import { type Monitor, startMonitor } from "./monitor.ts";
import type { MonitorOptions } from "./options.ts";
import { wholeProcess } from "../process/process_watch.ts";
import { globalRegistry, type Registry } from "./global_registry.ts";
import type { RegistryLike } from "../metrics/registry_like.ts";
import { currentRuntime } from "../runtime/detect.ts";

/**
 * Starts measuring this process.
 *
 * Lag is in seconds and at least 0. It comes from the drift of a plain timer, the one measurement that means the same on
 * Node, Deno and Bun. Calling it twice on one registry joins what measures already: nothing is counted double.
 *
 * @example Usage
 * ```ts
 * import { createMonitor } from "@rtm/runtime-metrics";
 *
 * using monitor = createMonitor({ intervalSeconds: 0.02 });
 * const response = await monitor.handler(new Request("http://localhost/metrics"));
 * ```
 *
 * @param options What to watch and where to register it.
 * @returns The running measurement; dispose of it to stop.
 * @throws {TypeError} If an option is unknown or of the wrong kind.
 * @throws {RangeError} If a number or a name is out of bounds, such as an `intervalSeconds` that is not above 0 and at
 * most 10.
 * @throws {Error} If a name is taken in the registry, or a monitor of the same registry has other settings.
 */
export function createMonitor<Own extends RegistryLike>(
  options: MonitorOptions & { readonly registry: Own },
): Monitor<Own>;
/**
 * Starts measuring this process, in prom-client's global registry.
 *
 * @param options What to watch.
 * @returns The running measurement; dispose of it to stop.
 */
export function createMonitor(options?: MonitorOptions): Monitor<Registry>;
export function createMonitor(options: MonitorOptions = {}): Monitor<RegistryLike> {
  // `options` may be anything that JavaScript can pass; it is checked before it is used.
  return startMonitor(options?.registry ?? globalRegistry, options, currentRuntime, {
    ...wholeProcess,
    clientStore: promClientStore,
  });
}

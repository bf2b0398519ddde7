/**
 * The watchdog: what a process says while its event loop still hangs.
 *
 * @module
 */

import { refuser } from "../check.ts";
import { accessTo } from "../monitor/access.ts";
import type { Monitor } from "../monitor/monitor.ts";
import type { Watcher } from "../process/blame.ts";
import { missingFlag, missingThreads } from "../runtime/permissions.ts";
import type { GlobalLike } from "../runtime/shim.ts";
import { type Thread, threadsOf } from "../runtime/threads.ts";
import { HolderNumbers } from "./holder_numbers.ts";
import { neededBlame } from "./needed_blame.ts";
import { WatchBoard } from "./watch_board.ts";
import type { WatchData, WatchMessage } from "./watch_thread.ts";
import { watchThreadText } from "./watch_thread_text.ts";
import { checkWatchdog, type WatchdogOptions, type WatchdogSettings } from "./watchdog_options.ts";

/** A thread that watches the event loop. */
export interface Watchdog extends Disposable {
  /**
   * Fulfilled when the thread watches, with the port of `/livez` where that was asked for. Rejected when the thread could
   * not be started, or the port is taken; that is told on stderr and in `metrics_errors_total{source="watchdog"}` as well,
   * nobody has to handle it, and a loop whose `/livez` has no port is still watched. Who asks keeps the process alive until
   * it is settled.
   */
  readonly ready: Promise<{ readonly port?: number }>;
  /** Ends the thread and its server. Safe to call twice. */
  stop(): void;
}

const action = "Cannot start watchdog";

/** How often the thread wakes where the loop stalls, in seconds: within the shortest stall that may be the host's. */
const [shortestTick, longestTick] = [0.02, 0.1];

/** How often it wakes else, at most: each time costs some 0.1 ms. */
const longestRest = 0.5;

/**
 * Watches the event loop from a thread of its own, and speaks while the loop still hangs.
 *
 * When the loop has not answered for `thresholdSeconds` the thread writes one line of JSON to stderr: how long, the kind and
 * name of what holds it where that is known, and on Node the main thread's stack. It does so again after ten times as long,
 * and when it is over. `server` lets an orchestrator's probe ask that thread, `abortSeconds` ends the process.
 *
 * With it on, a stall during which its own thread was not run either, and the loop's thread used less than half of the time
 * of a CPU, is blamed on `kind="host"`: the process stood still as a whole, by a limit on its CPU or a suspended machine.
 *
 * It keeps no process alive, and ends with `stop()`, with `using`, with the monitor, or when a later one takes its place, as
 * after a hot reload: one thread watches a monitor's loop.
 *
 * @example Usage
 * ```ts
 * import { createMonitor } from "@rtm/runtime-metrics";
 * import { watchdog } from "@rtm/runtime-metrics/stalls";
 *
 * const monitor = createMonitor();
 * const watching = watchdog(monitor, { thresholdSeconds: 5, deadSeconds: 30, server: { port: 0 } });
 * const { port } = await watching.ready;
 * console.log(`GET http://127.0.0.1:${port}/livez`);
 * watching.stop();
 * monitor.stop();
 * ```
 *
 * @param monitor Whose loop is watched. Of one that measures nothing, by `enabled: false` or since it has been stopped, none
 * is: no thread begins, `/livez` is not served, and `ready` is fulfilled without a port.
 * @param options When to speak, and how.
 * @returns The watchdog; it watches from when `ready` is fulfilled.
 * @throws {TypeError} If the monitor is none, or an option is unknown or of the wrong kind.
 * @throws {RangeError} If a number is out of bounds.
 * @throws {Error} If the monitor runs without `collect.eventLoop`, or this runtime has no threads or lacks the permission, whose flag is
 * named.
 */
export function watchdog(monitor: Monitor, options: WatchdogOptions = {}): Watchdog {
  const access = accessTo(monitor, action);
  const refuse = refuser(action);
  const settings = checkWatchdog(refuse, options);
  const core = access.core();
  // Of a monitor that does not measure there is nothing to watch.
  if (!core) return { ready: Promise.resolve({}), stop() {}, [Symbol.dispose]() {} };
  const blame = neededBlame(core, action);
  const { self, stallCounters } = core;
  const global = globalThis as unknown as GlobalLike;
  const startThread = threadsOf(global);
  if (!startThread) throw new Error(`${action}: this runtime has no threads that share memory`);
  checkPermissions(global, settings);
  const { stallSeconds } = core.settings;
  const board = new WatchBoard();
  const tickSeconds = Math.min(
    longestTick,
    Math.max(shortestTick, Math.min(stallSeconds, settings.thresholdSeconds / 10)),
  );
  const data: WatchData = {
    ...settings,
    buffer: board.buffer,
    tickSeconds,
    restSeconds: Math.max(tickSeconds, Math.min(longestRest, settings.thresholdSeconds / 4)),
  };
  blame.watcher?.replaced();
  let settle: { fulfil(outcome: { port?: number }): void; reject(error: Error): void };
  const ready = new Promise<{ port?: number }>((fulfil, reject) => settle = { fulfil, reject });
  let isSettled = false;
  // Nobody has to handle it.
  const settled = ready.catch(() => {}).then(() => isSettled = true);
  const failed = (error: unknown): void => {
    self.fail("watchdog");
    settle.reject(startError(error));
  };
  self.expect("watchdog");
  let thread: Thread;
  try {
    thread = startThread(watchThreadText, data, {
      failed,
      message(message) {
        const { port, error } = message as WatchMessage;
        if (error !== undefined) failed(new Error(`/livez cannot be served: ${error}`));
        else settle.fulfil(port === undefined ? {} : { port });
      },
    });
  } catch (error) {
    throw startError(error);
  }

  const numbers = new HolderNumbers((message) => thread.post(message));
  stallCounters?.expect("host");
  const watcher: Watcher = {
    beat: () => board.beat(),
    stalled: () => board.stalled(),
    runs: (holder, isRouted) => board.running = numbers.of(holder, isRouted),
    lostSeconds: () => board.lostSeconds,
    replaced: () => stop(),
  };
  blame.watcher = watcher;
  const stop = access.untilStop(() => {
    if (blame.watcher === watcher) blame.watcher = undefined;
    thread.end();
    settle.reject(new Error("The watchdog was stopped"));
  });
  return {
    get ready() {
      if (!isSettled) {
        // Nothing else may hold the process: who awaits it would never be answered.
        thread.keepAlive(true);
        void settled.then(() => thread.keepAlive(false));
      }
      return ready;
    },
    stop,
    [Symbol.dispose]: stop,
  };
}

function startError(cause: unknown): Error {
  return new Error(`${action}: ${cause instanceof Error ? cause.message : cause}`, { cause });
}

function checkPermissions(global: GlobalLike, { server, abortSeconds }: WatchdogSettings): void {
  const need = (what: string, flag: string | undefined): void => {
    if (flag !== undefined) throw new Error(`${action}: ${what} needs a permission; start with ${flag}`);
  };
  need("its thread", missingThreads(global));
  if (server) need("server", missingFlag(global, { listenOn: `${server.host}:${server.port}` }));
  if (abortSeconds !== undefined) need("abortSeconds", missingFlag(global, { signals: true }));
}

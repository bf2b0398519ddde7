/**
 * This isolate, as one of many: edge runtimes begin and end them as they like, and a scrape reaches any one of them.
 *
 * @module
 */

import { clock } from "../runtime/clock.ts";
import { detectRuntime } from "../runtime/detect.ts";
import { edgeRuntime } from "../runtime/edge.ts";
import { sharedByCopies } from "../runtime/shared_global.ts";
import type { GlobalLike, Runtime } from "../runtime/shim.ts";

/** What tells one isolate from its siblings, and when it began to answer. */
interface Isolate {
  readonly id: string;
  /** In seconds of the runtime's clock. */
  readonly beganAt: number;
}

/**
 * Names this isolate: one process, or one of many in an edge runtime. Not to be asked for at module scope there.
 */
export function isolateName(global: GlobalLike = globalThis as unknown as GlobalLike): string {
  return isolateOf(global).id;
}

/**
 * Makes the runtime of an isolate: no timers, since none may run at module scope or outlive a request, and no facts of a
 * process that is not its own.
 */
export function isolateRuntime(global: GlobalLike = globalThis as unknown as GlobalLike): Runtime {
  const runtime = edgeRuntime(global, detectRuntime(global));
  return {
    ...runtime,
    uptimeSeconds: () => {
      // The first scrape may be what makes the isolate begin, and a clock read before that would make it younger than 0.
      const { beganAt } = isolateOf(global);
      return runtime.now() - beganAt;
    },
    instance: () => isolateOf(global).id,
  };
}

/** It begins with the first request: at module scope there are neither random numbers nor a clock that goes. */
function isolateOf(global: GlobalLike): Isolate {
  return sharedByCopies("isolate", () => ({ id: crypto.randomUUID(), beganAt: clock(global).now() }), global);
}

// A worker of the tests, of either kind: it joins the copies of its process, and does what it is told.

import { createMonitor } from "@rtm/runtime-metrics";
import { joinCopies } from "@rtm/runtime-metrics/copies";

interface Scope {
  postMessage(message: unknown): void;
  onmessage: ((event: { data: Order }) => void) | null;
}

/** What it can be told; one that is held goes on when it is let go, and then tells for how many seconds that was. */
export type Order = { block: number } | { hold: Int32Array<SharedArrayBuffer> } | { echo: unknown } | { throw: true };

/** What one that was held tells. */
export type Held = { heldSeconds: number };

const longestHoldMs = 60_000;

type Port = { on(event: "message", listener: (order: Order) => void): void; postMessage(message: unknown): void };

const { parentPort } = await import("node:worker_threads");
const parent = (parentPort ?? globalThis) as unknown as Port & Scope;

function obey(order: Order): void {
  // It holds the loop and no core: other tests run beside it.
  if ("block" in order) Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, order.block * 1000);
  if ("hold" in order) {
    const begin = performance.now();
    Atomics.wait(order.hold, 0, 0, longestHoldMs);
    parent.postMessage({ heldSeconds: (performance.now() - begin) / 1000 } satisfies Held);
  }
  if ("throw" in order) throw new Error("told to throw");
  if ("echo" in order) parent.postMessage(order.echo);
}

if (parentPort) parent.on("message", obey);
else parent.onmessage = ({ data }) => obey(data);
joinCopies(createMonitor(), { deadlineSeconds: 2 });
parent.postMessage("ready");

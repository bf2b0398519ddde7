// A worker of the tests, of either kind: it reports, and does what it is told.

import { reportTo } from "@rtm/runtime-metrics/worker";
import { runtimeName } from "./loop.ts";

interface Scope {
  postMessage(message: unknown): void;
  onmessage: ((event: { data: Order }) => void) | null;
}

/** What it can be told. */
export type Order = { block: number } | { echo: unknown } | { throw: true } | { loaded: string };

type Port = { on(event: "message", listener: (order: Order) => void): void; postMessage(message: unknown): void };

const { parentPort } = await import("node:worker_threads");
const parent = (parentPort ?? globalThis) as unknown as Port & Scope;

async function obey(order: Order): Promise<void> {
  // It holds the loop and no core: other tests run beside it.
  if ("block" in order) Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, order.block * 1000);
  if ("throw" in order) throw new Error("told to throw");
  if ("echo" in order) parent.postMessage(order.echo);
  if ("loaded" in order) {
    // Only Node can be asked what a thread has loaded.
    const { createRequire } = await import("node:module");
    const cache = runtimeName === "node" ? Object.keys(createRequire(import.meta.url).cache) : [];
    parent.postMessage(cache.filter((path) => path.includes(`/${order.loaded}/`)));
  }
}

if (parentPort) parent.on("message", (order) => void obey(order));
else parent.onmessage = ({ data }) => void obey(data);
reportTo(parent);
parent.postMessage("ready");

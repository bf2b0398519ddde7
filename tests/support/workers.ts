import { pathToFileURL } from "node:url";
import { Worker as NodeWorker } from "node:worker_threads";
import type { WorkerLike } from "@rtm/runtime-metrics/pools";
import { runtimeName } from "./loop.ts";
import { startable } from "./startable.ts";
import type { Order } from "./worker.ts";

/** A worker that does what it is told, whatever its kind. */
export interface TestWorker {
  /** What `workerPool` gets. */
  worker: WorkerLike;
  tell(order: Order): void;
  /** The next message that is good. */
  heard(good: (message: unknown) => boolean): Promise<unknown>;
  terminate(): Promise<void>;
}

/** The kinds of worker that this runtime has. */
export const workerKinds: readonly ("worker_threads" | "Web Worker")[] = runtimeName === "node"
  ? ["worker_threads"]
  : ["worker_threads", "Web Worker"];

/** Starts tests/support/worker.ts and waits until it listens. */
export async function startWorker(kind: typeof workerKinds[number]): Promise<TestWorker> {
  const file = startable("tests/support/worker.ts");
  const listeners = new Set<(message: unknown) => void>();
  const tell = (message: unknown): void => [...listeners].forEach((listener) => listener(message));
  const heard: TestWorker["heard"] = (good) =>
    new Promise((resolve) => {
      const listener = (message: unknown): void => {
        if (!good(message)) return;
        listeners.delete(listener);
        resolve(message);
      };
      listeners.add(listener);
    });
  const ready = heard((message) => message === "ready");
  let started: TestWorker;
  if (kind === "worker_threads") {
    const worker = new NodeWorker(file, { execArgv: [] });
    worker.on("message", tell);
    worker.on("error", () => {});
    started = {
      worker,
      tell: (order) => worker.postMessage(order),
      heard,
      terminate: async () => void await worker.terminate(),
    };
  } else {
    const worker = new Worker(pathToFileURL(file), { type: "module" });
    worker.addEventListener("message", ({ data }) => tell(data));
    worker.addEventListener("error", (event) => event.preventDefault());
    started = {
      worker,
      tell: (order) => worker.postMessage(order),
      heard,
      terminate: () => Promise.resolve(worker.terminate()),
    };
  }
  await ready;
  return started;
}

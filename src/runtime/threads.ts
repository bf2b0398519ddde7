/**
 * Threads that share memory with the loop, for the doors that need one.
 *
 * @module
 */

import { builtin } from "./builtin_module.ts";
import { isMainThread } from "./process.ts";
import type { GlobalLike } from "./shim.ts";

export interface Thread {
  /** Sends it a message, which it gets also while the sender's loop is held. */
  post(message: object): void;
  /** Whether it keeps the process alive, which it does not at first. */
  keepAlive(keeps: boolean): void;
  end(): void;
}

/** What a started thread tells. */
export interface ThreadListener {
  message(message: unknown): void;
  failed(error: Error): void;
}

/** Starts a thread that runs this text and finds the data as its `workerData`, with `seesMain` beside it. */
export type StartThread = (text: string, data: object, listener: ThreadListener) => Thread;

/** The calls of `node:worker_threads` that are used. */
interface ThreadsLike {
  readonly Worker: new (text: string, options: object) => {
    postMessage(message: object): void;
    on(event: "message" | "error", listener: (value: never) => void): void;
    terminate(): unknown;
    ref(): void;
    unref(): void;
  };
}

/** Finds what starts threads; undefined where there are none. */
export function threadsOf({ process }: GlobalLike): StartThread | undefined {
  const module = process && builtin<ThreadsLike>(process, "node:worker_threads");
  if (!module?.Worker) return undefined;
  return (text, data, { message, failed }) => {
    // From its text: no file has to be found beside a bundle, and no permission to read one is needed.
    const worker = new module.Worker(text, {
      eval: true,
      name: "runtime-metrics",
      // Without the permission Node ends the process when a worker's inspector connects (20 to 26).
      workerData: { ...data, seesMain: isMainThread(process!) && process!.permission?.has("inspector") !== false },
      // What the app loads first, by options or by NODE_OPTIONS, is not for this thread.
      execArgv: [],
      env: {},
    });
    worker.on("message", message);
    worker.on("error", failed);
    worker.unref();
    return {
      post: (message) => worker.postMessage(message),
      keepAlive: (keeps) => keeps ? worker.ref() : worker.unref(),
      end: () => void worker.terminate(),
    };
  };
}

/** Does a Web Worker tell each of its ends by `close`? On Deno (2.9) nothing tells of `terminate()`. */
export function workersTellClose({ Bun, Deno }: GlobalLike): boolean {
  return Bun !== undefined && Deno === undefined;
}

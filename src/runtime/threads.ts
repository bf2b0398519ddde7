/**
 * Threads that share memory with the loop, for the doors that need one.
 *
 * @module
 */

import { builtin, isMainThread } from "./process.ts";
import type { GlobalLike } from "./shim.ts";

/** A thread of its own. */
export interface Thread {
  /** Sends it a message, which it gets also while the sender's loop is held. */
  post(message: object): void;
  /** Whether it keeps the process alive, which it does not at first. */
  keepAlive(keeps: boolean): void;
  /** Ends it. */
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

/** What Deno does only where it was allowed to. */
export type Permission =
  | { readonly listenOn: string }
  | { readonly signals: true }
  | { readonly meetsIn: string };

/** A permission as Deno asks for it. */
type Query =
  | { readonly name: "net"; readonly host?: string }
  | { readonly name: "run" }
  | { readonly name: "read" | "write"; readonly path: string }
  | { readonly name: "sys"; readonly kind: "uid" };

/** The part of Deno that tells permissions. */
interface DenoLike {
  readonly permissions: { querySync(descriptor: Query): { readonly state: string } };
}

/** Names the flag that lets Node start threads; undefined where they are allowed. */
export function missingThreads({ process }: GlobalLike): string | undefined {
  return process?.permission?.has("worker") === false ? "--allow-worker" : undefined;
}

/** Names the flag that gives a permission; undefined where it is given, or nobody asks for one. It prompts nobody. */
export function missingFlag({ Deno }: GlobalLike, permission: Permission): string | undefined {
  if (!Deno) return undefined;
  const { permissions } = Deno as unknown as DenoLike;
  const missing = needs(permission).filter(([query]) => permissions.querySync(query).state !== "granted");
  return missing.map(([, flag]) => flag).join(" ") || undefined;
}

function needs(permission: Permission): [query: Query, flag: string][] {
  if ("listenOn" in permission) {
    return [[{ name: "net", host: permission.listenOn }, `--allow-net=${permission.listenOn}`]];
  }
  if ("signals" in permission) return [[{ name: "run" }, "--allow-run"]];
  const { meetsIn: path } = permission;
  return [
    [{ name: "read", path }, `--allow-read=${path}`],
    [{ name: "write", path }, `--allow-write=${path}`],
    [{ name: "sys", kind: "uid" }, "--allow-sys=uid"],
    // Its name for a socket's path cannot be given beforehand (Deno 2.9.5).
    [{ name: "net" }, "--allow-net"],
  ];
}

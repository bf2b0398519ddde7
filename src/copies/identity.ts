/**
 * Who a copy is.
 *
 * @module
 */

import { builtin } from "../runtime/builtin_module.ts";
import type { GlobalLike, Runtime } from "../runtime/shim.ts";
import type { Identity } from "./copy_parts.ts";
import type { JoinSettings } from "./options.ts";

/** Names this copy. */
export function identityOf({ process }: GlobalLike, runtime: Runtime, { copy }: JoinSettings): Identity {
  const pid = (process as { readonly pid?: number } | undefined)?.pid ?? 0;
  const threads = process && builtin<{ isMainThread: boolean; threadId: number }>(process, "node:worker_threads");
  const id = chance();
  const start = runtime.process?.().startUnixSeconds;
  return {
    id,
    copy: copy ?? (threads && !threads.isMainThread ? `${pid}.${threads.threadId}` : `${pid}`),
    // Ids of processes are used again, and are not one of a kind in a group of containers.
    process: start === undefined ? id : `${pid}@${start}`,
    bornAt: runtime.unixNow(),
  };
}

function chance(): string {
  return Array.from(crypto.getRandomValues(new Uint8Array(8)), (byte) => (byte % 36).toString(36)).join("");
}

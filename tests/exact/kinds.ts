// Every kind of answer that a fetch handler can give.

import { runtimeName } from "../support/loop.ts";
import type { Kind } from "./kind.ts";
import { oddKinds } from "./odd_kinds.ts";
import { proxiedKinds } from "./proxied_kinds.ts";
import { readyKinds } from "./ready_kinds.ts";
import { requestKinds } from "./request_kinds.ts";
import { streamKinds } from "./stream_kinds.ts";

const all: readonly Kind[] = [...readyKinds, ...streamKinds, ...proxiedKinds, ...oddKinds, ...requestKinds];

/** Those that a server can be asked for. */
export function kindsFor(server: string): Kind[] {
  return all.filter(({ skip }) => !(skip && (server in skip || runtimeName in skip)));
}

// Every kind of answer that a fetch handler can give.

import { runtimeName } from "../support/loop.ts";
import type { Kind } from "./kind.ts";
import { oddKinds } from "./odd_kinds.ts";
import { proxiedKinds } from "./proxied_kinds.ts";
import { readyKinds } from "./ready_kinds.ts";
import { requestKinds } from "./request_kinds.ts";
import { streamKinds } from "./stream_kinds.ts";

const all: readonly Kind[] = [...readyKinds, ...streamKinds, ...proxiedKinds, ...oddKinds, ...requestKinds];

/** What ends a whole process without us, so that nothing can be compared. */
const endsProcess: Readonly<Record<string, readonly (readonly [kinds: RegExp, reason: string])[]>> = {
  deno: [
    [/^(text|stream|nothing) frozen$/, "Deno panics (2.9.5: expected http record)"],
    [/ behind a proxy| as a prototype$/, "Deno frees memory twice (2.9.5: malloc(): unaligned tcache chunk)"],
    [
      /^(text|stream) read$| read whole$|^answers .* late$|^answers a thenable of nothing$|with its body cancelled$/,
      "Deno leaves its own refusal of what a promise tells unhandled (2.9.5)",
    ],
  ],
};

/** What Deno refuses: where it comes by a promise, its refusal is left unhandled (2.9.5), which ends the process. */
const refusedByDeno =
  /^answers |frozen|sealed|not extensible|^Response\.error|(frozen|prototype|proxy.*|read|cancelled|throws?|twice|locked.*|own body|read whole|another body)$|^nothing at all|^stream (that is|whose)/;

/** Those that a server can be asked for. */
export function kindsFor(server: string): Kind[] {
  const ends = endsProcess[runtimeName] ?? [];
  return all.filter(({ name, skip }) => !(skip && server in skip) && !ends.some(([kinds]) => kinds.test(name)));
}

/** Those of them that can come by a promise. */
export function promised<Given>(kinds: readonly Kind<Given>[]): Kind<Given>[] {
  return kinds.filter(({ name }) => runtimeName !== "deno" || !refusedByDeno.test(name));
}

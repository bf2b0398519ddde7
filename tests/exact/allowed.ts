// What may differ with us, by runtime. Each of these stands in docs/http.md as well.

import { runtimeName } from "../support/loop.ts";
import type { Allowed } from "./compare.ts";

const allowed: Readonly<Record<typeof runtimeName, Allowed>> = {
  node: [],
  deno: [
    [
      /^pieces that are (other views|texts|buffers)$/,
      "the server gives such a body up as it does where a client leaves, so that it is counted as 499",
      "sometimes",
    ],
  ],
  bun: [
    [
      /^(empty )?(slice of a )?(Blob|File|FormData|URLSearchParams)\b/,
      "the name of a content type that came with the body is written in capitals",
    ],
    [
      /^(proxied (plain|gzip|br|pieces) (made anew|body alone|decoded|with a header more)|text made anew|sends its body back)/,
      "a body of Bun's own that is put into another response is sent in pieces, and without a type of Bun's",
    ],
    [
      /^proxied (broken as it is|under a signal that aborts)$/,
      "what fetch() answered is not looked at, so that its breaking is not counted",
    ],
    [/with its body cancelled$/, "nothing tells a body that was cancelled from one that was read, which is a 500"],
    [/^(text of two bytes a letter|half a letter)$/, "as with a Blob, where sizes or bodies are measured", "sometimes"],
  ],
};

/** What may differ on this runtime's own server. */
export const allowedHere: Allowed = allowed[runtimeName];

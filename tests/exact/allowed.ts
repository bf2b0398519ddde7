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
      /^proxied (broken as it is|under a signal that aborts)$/,
      "what fetch() answered is not looked at, so that its breaking is not counted",
    ],
    [/with its body cancelled$/, "nothing tells a body that was cancelled from one that was read, which is a 500"],
  ],
};

/** What may differ on this runtime's own server. */
export const allowedHere: Allowed = allowed[runtimeName];

/** Where nobody but a server outside of JavaScript tells what it has made of an answer, a middleware counts the app's. */
export const refused: Allowed = [
  [
    /^answers |^(text|stream|nothing) .*(own status|status throws|headers throw|prototype|proxy|read$)|^proxied (600|999.*|.*(read whole|own property|signal that aborts))/,
    "whoever stands around a middleware may answer otherwise, so that a refusal of the server's is not foreseen",
    "sometimes",
  ],
  [
    /^stream that is locked behind the answer$|^same (response|stream) twice$|^subclass with another status$|^nothing at all behind/,
    "as above",
    "sometimes",
  ],
];

/** What may differ behind an app of Hono's on this runtime's own server. */
export const allowedBehindHono: Allowed = runtimeName === "node"
  ? [[/^empty FormData$/, "Node's adapter frames what is ready within some turns by its length", "sometimes"]]
  : [
    ...allowedHere.map(([names, reason, when]) => [names, reason, when ?? "sometimes"] as const),
    ...refused,
  ];

/** What may differ behind a listener of Node's. */
export const allowedOfListeners: Allowed = [
  [
    /^destroyed midway$/,
    "a message that the app destroys without an error looks like one whose client left",
    "sometimes",
  ],
  ...(runtimeName === "bun"
    ? [
      [
        /^statusCode (600|999|101|199)$|^write of /,
        "Bun sends the head of a message whose writeHead is not its own before an empty piece, and names a status of nobody's otherwise",
        "sometimes",
      ] as const,
    ]
    : []),
];

/**
 * Why a push failed, in words of our own.
 *
 * What a runtime, a library or another side says of a failure may quote the address, a header or a token, and an error ends
 * in a log. So their words are read and never passed on.
 *
 * @module
 */

import { isObject } from "../check.ts";

/** What to look for in an error's name, code and message, and what it means; the first that fits. */
const reasons: readonly (readonly [sign: RegExp, reason: string])[] = [
  [/TimeoutError|ETIMEDOUT|UND_ERR_\w*TIMEOUT|timed? ?out/i, "no answer in time"],
  [/ECONNREFUSED|ConnectionRefused|connection refused/i, "the connection was refused"],
  [/ENOTFOUND|EAI_AGAIN|DNSException|failed to lookup|name not resolved/i, "its name is not known"],
  [
    /ECONNRESET|EPIPE|UND_ERR_SOCKET|ConnectionClosed|connection (was )?(reset|closed)|broken pipe/i,
    "the connection broke",
  ],
  [/EHOSTUNREACH|ENETUNREACH|EADDRNOTAVAIL|unreachable/i, "it cannot be reached"],
  [/CERT|SELF_SIGNED|ERR_TLS|ERR_SSL|certificate|UNABLE_TO_VERIFY/i, "its certificate or its TLS was not accepted"],
  [/NotCapable|PermissionDenied|Requires net access/i, "this process may not reach it: a permission is missing"],
  [/AbortError/i, "it was aborted"],
];

/** How many causes of a cause are looked at. */
const deepest = 5;

export function reasonOf(error: unknown): string {
  let current = error;
  try {
    for (let depth = 0; depth < deepest && isObject(current); depth++) {
      const { name, code, message, cause } = current as Record<"name" | "code" | "message" | "cause", unknown>;
      const said = [name, code, message].filter((each) => typeof each === "string").join(" ");
      const known = reasons.find(([sign]) => sign.test(said));
      if (known) return known[1];
      current = cause;
    }
  } catch {
    // Somebody's own, which throws when it is looked at.
  }
  return "the request failed";
}

/** A token that is sent along must not go wherever an answer points. */
const movedMeaning = "it points elsewhere, which is not followed; its new address belongs in url";

/** What statuses mean where that helps whoever reads the log. */
const meanings: Readonly<Record<number, string>> = {
  301: movedMeaning,
  302: movedMeaning,
  307: movedMeaning,
  308: movedMeaning,
  400: "it did not take what was pushed",
  401: "the credentials are missing or wrong",
  403: "the credentials do not allow it",
  404: "there is nothing at this path",
  405: "it takes no pushes at this path",
  413: "the page is too large for it",
  415: "it does not take this format, or not compressed",
  429: "it was asked too often",
};

/** Tells what an answer that accepts nothing means. */
export function answerOf(status: number): string {
  const meaning = meanings[status];
  return meaning === undefined ? `it answered ${status}` : `it answered ${status}: ${meaning}`;
}

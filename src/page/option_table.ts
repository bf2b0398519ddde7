/**
 * What each of the page's options may be, and its default.
 *
 * @module
 */

import {
  bounded,
  callable,
  flag,
  group,
  hidden,
  type Kind,
  list,
  numeric,
  type OptionTable,
  text,
  whole,
} from "../check.ts";
import type { ExpositionOptions } from "./options.ts";

/** A secret, or where it is. */
const secret: Kind = {
  check(value, name, refuse) {
    if (value === "") refuse(RangeError, `${name} must have something in it`, value);
    if (typeof value === "string" || isVariable(value)) return;
    refuse(TypeError, `${name} must be a string, or { variable } with the name of one of the environment`, value);
  },
};

const basicAuth: OptionTable<NonNullable<ExpositionOptions["basicAuth"]>> = {
  username: {
    isNeeded: true,
    ...bounded(
      text("a string"),
      "have something in it, and no colon",
      (username: string) => /^[^:]+$/.test(username),
    ),
  },
  password: { isNeeded: true, ...secret },
};

export const expositionOptions: OptionTable<ExpositionOptions> = {
  authorize: hidden(callable),
  bearerToken: hidden({
    isGuard: true,
    check(value, name, refuse) {
      const tokens: readonly unknown[] = Array.isArray(value) ? value : [value];
      // An empty list would be a guard that lets everybody pass.
      if (tokens.length === 0) refuse(RangeError, `${name} must be one token at least`, value);
      for (const token of tokens) secret.check(token, name, refuse);
    },
  }),
  basicAuth: hidden(group(basicAuth)),
  // Which of them are addresses, the runtime tells when the guard is made.
  allow: bounded(
    list("addresses", (value) => typeof value === "string"),
    // It is what a typing error looks like, too.
    "be one address at least, since an empty list lets nobody in",
    (given: readonly unknown[]) => given.length > 0,
  ),
  maxConcurrentScrapes: { default: 8, ...whole(1) },
  collectTimeoutSeconds: { default: 5, ...numeric("above 0 and at most 300", (value) => value > 0 && value <= 300) },
  created: { default: false, ...flag },
  compress: { default: true, ...flag },
};

function isVariable(value: unknown): boolean {
  const { variable } = value as { readonly variable?: unknown } ?? {};
  return typeof value === "object" && typeof variable === "string" && variable !== "";
}

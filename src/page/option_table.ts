/**
 * What each of the page's options may be, and its default.
 *
 * @module
 */

import {
  callable,
  flag,
  group,
  hidden,
  type Kind,
  numeric,
  type OptionTable,
  type Refuse,
  text,
  whole,
} from "../check.ts";
import type { ExpositionOptions, Secret } from "./options.ts";

/** A secret, or where it is. */
const secret: Kind = {
  is: "a string, or { variable }",
  check: (value, name, refuse) => checkSecret(name, value as Secret, refuse),
};

const basicAuth: OptionTable<NonNullable<ExpositionOptions["basicAuth"]>> = {
  username: {
    is: "a string without a colon",
    check(value, name, refuse) {
      text("a string").check(value, name, refuse);
      if (value === "" || (value as string).includes(":")) {
        refuse(RangeError, `${name} must have something in it, and no colon`, value);
      }
    },
  },
  password: secret,
};

/** The options of the page. */
export const expositionOptions: OptionTable<ExpositionOptions> = {
  authorize: hidden(callable),
  bearerToken: hidden({
    is: "one secret or several",
    check(value, name, refuse) {
      const tokens = Array.isArray(value) ? value as readonly Secret[] : [value as Secret];
      // An empty list would be a guard that lets everybody pass.
      if (tokens.length === 0) refuse(RangeError, `${name} must be one token at least`, value);
      for (const token of tokens) checkSecret(name, token, refuse);
    },
  }),
  basicAuth: hidden({
    is: "{ username, password }",
    check(value, name, refuse) {
      group(basicAuth).check(value, name, refuse);
      for (const part of ["username", "password"] as const) {
        const given = (value as Record<string, unknown>)[part];
        // Both are needed: a name without a password would guard nothing.
        if (given === undefined) basicAuth[part].check(given, `${name}.${part}`, refuse);
      }
    },
  }),
  allow: {
    is: "a list of addresses and ranges",
    check(value, name, refuse) {
      if (!Array.isArray(value)) refuse(TypeError, `${name} must be a list of addresses`, value);
      const allow = value as readonly unknown[];
      // It would let nobody in, which is what a typing error looks like, too.
      if (allow.length === 0) {
        refuse(RangeError, `${name} must be one address at least, since an empty list lets nobody in`, allow);
      }
      for (const each of allow) {
        // Which of them are addresses, the runtime tells when the guard is made.
        if (typeof each !== "string") refuse(TypeError, `${name} must be addresses`, each);
      }
    },
  },
  maxConcurrentScrapes: { default: 8, ...whole("of at least 1", 1) },
  collectTimeoutSeconds: { default: 5, ...numeric("above 0 and at most 300", (value) => value > 0 && value <= 300) },
  created: { default: false, ...flag },
  compress: { default: true, ...flag },
};

function checkSecret(option: string, secret: Secret, refuse: Refuse): void {
  if (typeof secret === "string") {
    if (secret === "") refuse(RangeError, `${option} must have something in it`, secret);
    return;
  }
  if (typeof secret !== "object" || secret === null || typeof secret.variable !== "string" || secret.variable === "") {
    refuse(TypeError, `${option} must be a string, or { variable } with the name of one of the environment`, secret);
  }
}

/**
 * The checks of the page's options.
 *
 * @module
 */

import { fail, mustBeKnown, mustBeObject } from "../check.ts";
import { parseRange } from "./addresses.ts";
import type { ExpositionOptions, Secret } from "./options.ts";

const optionNames: readonly (keyof ExpositionOptions)[] = [
  "authorize",
  "bearerToken",
  "basicAuth",
  "allow",
  "maxConcurrentScrapes",
  "collectTimeoutSeconds",
  "created",
  "compress",
];

/**
 * Checks how the page is to be guarded and written.
 *
 * @param exposition What the user gave.
 * @throws {TypeError} If an option is unknown or of the wrong kind.
 * @throws {RangeError} If a number, a secret or an address is out of bounds.
 */
export function checkExpositionOptions(exposition: ExpositionOptions): void {
  mustBeObject("exposition", exposition);
  mustBeKnown("option in exposition", Object.keys(exposition), optionNames);
  const { authorize, bearerToken, basicAuth, allow, maxConcurrentScrapes, collectTimeoutSeconds } = exposition;
  if (authorize !== undefined && typeof authorize !== "function") {
    fail(TypeError, "exposition.authorize must be a function", authorize);
  }
  if (bearerToken !== undefined) {
    const tokens = Array.isArray(bearerToken) ? bearerToken as readonly Secret[] : [bearerToken as Secret];
    // An empty list would be a guard that lets everybody pass.
    if (tokens.length === 0) fail(RangeError, "exposition.bearerToken must be one token at least", bearerToken);
    for (const token of tokens) checkSecret("exposition.bearerToken", token);
  }
  if (basicAuth !== undefined) {
    mustBeObject("exposition.basicAuth", basicAuth);
    mustBeKnown("option in exposition.basicAuth", Object.keys(basicAuth), ["username", "password"]);
    const { username } = basicAuth;
    if (typeof username !== "string") fail(TypeError, "exposition.basicAuth.username must be a string", username);
    if (username === "" || username.includes(":")) {
      fail(RangeError, "exposition.basicAuth.username must have something in it, and no colon", username);
    }
    checkSecret("exposition.basicAuth.password", basicAuth.password);
  }
  if (allow !== undefined) {
    if (!Array.isArray(allow)) fail(TypeError, "exposition.allow must be a list of addresses", allow);
    // It would let nobody in, which is what a typing error looks like, too.
    if (allow.length === 0) {
      fail(RangeError, "exposition.allow must be one address at least, since an empty list lets nobody in", allow);
    }
    for (const each of allow) {
      if (typeof each !== "string") fail(TypeError, "exposition.allow must be addresses", each);
      if (!parseRange(each)) fail(RangeError, "exposition.allow must be addresses such as 10.0.0.0/8 or ::1", each);
    }
  }
  if (maxConcurrentScrapes !== undefined) {
    if (typeof maxConcurrentScrapes !== "number") {
      fail(TypeError, "exposition.maxConcurrentScrapes must be a number", maxConcurrentScrapes);
    }
    if (!Number.isInteger(maxConcurrentScrapes) || maxConcurrentScrapes < 1) {
      fail(RangeError, "exposition.maxConcurrentScrapes must be a whole number of at least 1", maxConcurrentScrapes);
    }
  }
  if (collectTimeoutSeconds !== undefined) {
    if (typeof collectTimeoutSeconds !== "number") {
      fail(TypeError, "exposition.collectTimeoutSeconds must be a number", collectTimeoutSeconds);
    }
    if (!(collectTimeoutSeconds > 0 && collectTimeoutSeconds <= 300)) {
      fail(RangeError, "exposition.collectTimeoutSeconds must be above 0 and at most 300", collectTimeoutSeconds);
    }
  }
  for (const name of ["created", "compress"] as const) {
    const on = exposition[name];
    if (on !== undefined && typeof on !== "boolean") fail(TypeError, `exposition.${name} must be true or false`, on);
  }
}

/** What came is never shown when it is a string: it may be the secret. */
function checkSecret(option: string, secret: Secret): void {
  if (typeof secret === "string") {
    if (secret === "") fail(RangeError, `${option} must have something in it`, secret);
    return;
  }
  if (typeof secret !== "object" || secret === null || typeof secret.variable !== "string" || secret.variable === "") {
    fail(TypeError, `${option} must be a string, or { variable } with the name of one of the environment`, secret);
  }
}

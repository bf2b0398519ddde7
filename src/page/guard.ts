/**
 * Who may read the page.
 *
 * @module
 */

import { fail, hiding } from "../check.ts";
import { askInTime, type AskOptions } from "../gather/ask_metric.ts";
import type { Runtime } from "../runtime/shim.ts";
import { remoteAddress } from "./client_address.ts";
import { isSecret, parseAuthorization } from "./credentials.ts";
import type { ExpositionOptions, Secret } from "./options.ts";

export interface GuardedRequest {
  readonly headers?: { get(name: string): string | null };
}

export interface Refusal {
  readonly status: 401 | 403;
  /** What a scraper should send, for 401. */
  readonly challenge?: string;
}

/**
 * Asks whether a request may read the page. Returns why not; undefined where it may.
 *
 * @param request The request; undefined where the page was asked for without one, which no guard lets pass.
 */
export type Guard = (request: GuardedRequest | undefined, platform: unknown) => Promise<Refusal | undefined>;

/**
 * Makes a guard. Returns undefined where everybody may read the page.
 *
 * @param runtime Reads variables of the environment and addresses, and limits how long `authorize` may take.
 * @throws {RangeError} If a variable is not set, or empty: a guard that is not there must not look as if it were; and if an
 * address is none.
 * @throws {TypeError} If there are addresses, and this runtime cannot tell them.
 */
export function makeGuard(
  options: ExpositionOptions,
  runtime: () => Pick<Runtime, "environment" | "addressRange"> & AskOptions["runtime"],
  failed: () => void = () => {},
): Guard | undefined {
  const { authorize, collectTimeoutSeconds: timeoutSeconds = 5, bearerToken = [], basicAuth, allow } = options;
  const read = (option: string, secret: Secret): string => {
    if (typeof secret === "string") return secret;
    const value = runtime().environment(secret.variable);
    if (value) return value;
    // Who gives the token in place of its variable's name must not find it in a log.
    const refuse = /^[A-Z]+_[A-Z_]+$/.test(secret.variable) ? fail : hiding(fail);
    return refuse(RangeError, `exposition.${option} must be in a variable that is set and not empty`, secret.variable);
  };
  const listed = typeof bearerToken === "object" && !("variable" in bearerToken) ? bearerToken : [bearerToken];
  const tokens = listed.map((each) => {
    const token = read("bearerToken", each);
    // A file that was read whole ends with a line break, and no request could pass.
    if (/^[!-~\xa1-\xff]+$/.test(token)) return token;
    return hiding(fail)(
      RangeError,
      "exposition.bearerToken must be what a header can hold, without white space",
      token,
    );
  });
  const logins = basicAuth ? [`${basicAuth.username}:${read("basicAuth.password", basicAuth.password)}`] : [];
  const ranges = allow?.map((each) => readRange(each, runtime()));
  const needsCredentials = tokens.length + logins.length > 0;
  if (!authorize && !ranges && !needsCredentials) return undefined;
  const [basic, bearer] = ['Basic realm="metrics", charset="UTF-8"', 'Bearer realm="metrics"'] as const;
  const challenge = logins.length === 0 ? bearer : tokens.length === 0 ? basic : `${basic}, ${bearer}`;

  const isAllowed = (request: unknown, platform: unknown): boolean => {
    const address = remoteAddress(request, platform) ?? "";
    return ranges!.some((holds) => holds(address));
  };
  const isKnown = (header: string | null): boolean => {
    const { scheme, value = "" } = parseAuthorization(header) ?? {};
    const secrets = scheme === "basic" ? logins : scheme === "bearer" ? tokens : [];
    // All are compared, so that the time does not tell which of them it was.
    return secrets.map((each) => isSecret(each, value)).includes(true);
  };
  return async (request, platform) => {
    if (ranges && !isAllowed(request, platform)) return { status: 403 };
    if (needsCredentials && !isKnown(request?.headers?.get("authorization") ?? null)) return { status: 401, challenge };
    if (!authorize) return undefined;
    try {
      const ask = (): boolean | Promise<boolean> => authorize(request as Request, platform);
      const options = { runtime: runtime(), timeoutSeconds };
      if (request && await askInTime({}, ask, options) === true) return undefined;
    } catch {
      // What it threw may hold secrets, and a guard that broke lets nobody pass.
      failed();
    }
    return { status: 401, challenge };
  };
}

function readRange(text: string, { addressRange }: Pick<Runtime, "addressRange">): (address: string) => boolean {
  if (!addressRange) {
    fail(TypeError, "exposition.allow must not be given where the runtime has no BlockList of node:net", text);
  }
  return addressRange(text) ??
    fail(RangeError, "exposition.allow must be addresses such as 10.0.0.0/8 or ::1", text);
}

/**
 * Which requests are left out?
 *
 * @module
 */

import type { Exclusion, ExclusionCandidate } from "./options.ts";
import { ignore, isLater } from "./user_function.ts";

type Ask = (candidate: ExclusionCandidate) => boolean;

/** Functions that looked at what is known for certain once the request is answered, and what they were told. */
export interface AskedAgain {
  readonly path: string;
  readonly route: string;
  readonly functions: readonly { readonly ask: Ask; readonly sawStatus: boolean }[];
}

/**
 * Is a request left out when it comes? What a function answers that looks at the status is no answer yet.
 *
 * @param exclusions What leaves requests out.
 * @param request The request; its status is not known.
 * @param failed Called for each function that fails, which leaves nothing out.
 * @returns True if any of them does; otherwise what is to be asked once it is answered.
 */
export function excludes(
  exclusions: readonly Exclusion[] | undefined,
  { method, path, route }: Omit<ExclusionCandidate, "status">,
  failed: () => void,
): true | AskedAgain | undefined {
  const functions: AskedAgain["functions"][number][] = [];
  for (const exclusion of exclusions ?? []) {
    if (typeof exclusion !== "function") {
      if (matches(exclusion, path) || matches(exclusion, route)) return true;
      continue;
    }
    let [sawRoute, sawStatus] = [false, false];
    const candidate: ExclusionCandidate = {
      method,
      path,
      get route() {
        sawRoute = true;
        return route;
      },
      get status() {
        sawStatus = true;
        return Number.NaN;
      },
    };
    const answer = answerOf(exclusion, candidate, () => sawStatus || failed());
    if (answer && !sawStatus) return true;
    if (sawRoute || sawStatus) functions.push({ ask: exclusion, sawStatus });
  }
  return functions.length > 0 ? { path, route, functions } : undefined;
}

/**
 * Is a request left out now that it was answered?
 *
 * @param again What is to be asked, by {@linkcode excludes}.
 * @param series Its method and route.
 * @param status The status that its client saw.
 * @param failed Called for each function that fails.
 * @returns True if any of them leaves it out.
 */
export function excludesAnswered(
  { path, route: before, functions }: AskedAgain,
  { method, route }: Pick<ExclusionCandidate, "method" | "route">,
  status: number,
  failed: () => void,
): boolean {
  return functions.some(({ ask, sawStatus }) =>
    (sawStatus || route !== before) && answerOf(ask, { method, path, route, status }, failed)
  );
}

function answerOf(ask: Ask, candidate: ExclusionCandidate, failed: () => void): boolean {
  try {
    const answer: unknown = ask(candidate);
    // One that answers later leaves nothing out.
    if (!isLater(answer, ignore)) return Boolean(answer);
  } catch {
    // As if it had said no.
  }
  failed();
  return false;
}

/**
 * Are all requests of a template left out? Functions are not asked: they may look at more.
 *
 * @param exclusions What leaves requests out.
 * @param route The template.
 * @returns True if a text is the template, or a pattern is found in it.
 */
export function excludesTemplate(exclusions: readonly Exclusion[] | undefined, route: string): boolean {
  return exclusions !== undefined &&
    exclusions.some((exclusion) => typeof exclusion !== "function" && matches(exclusion, route));
}

/**
 * Is this the text, or is the pattern found in it? `search` heeds no `lastIndex`, so a pattern with the flag `g` answers the
 * same each time.
 *
 * @param pattern A whole text, or a pattern.
 * @param text The text to look at.
 * @returns True if it is.
 */
export function matches(pattern: string | RegExp, text: string): boolean {
  return typeof pattern === "string" ? pattern === text : text.search(pattern) >= 0;
}

/**
 * Which requests are left out?
 *
 * @module
 */

import type { Exclusion, ExclusionCandidate } from "./options.ts";
import { ignore, isLater } from "./user_function.ts";

/**
 * Is a request left out?
 *
 * @param exclusions What leaves requests out.
 * @param candidate The request.
 * @returns True if any of them does.
 */
export function excludes(exclusions: readonly Exclusion[] | undefined, candidate: ExclusionCandidate): boolean {
  return exclusions !== undefined &&
    exclusions.some((exclusion) =>
      typeof exclusion === "function"
        ? answerOf(exclusion, candidate)
        : matches(exclusion, candidate.path) || matches(exclusion, candidate.route)
    );
}

function answerOf(exclusion: (candidate: ExclusionCandidate) => boolean, candidate: ExclusionCandidate): boolean {
  const answer: unknown = exclusion(candidate);
  if (isLater(answer, ignore)) throw new TypeError("an exclusion must answer at once");
  return Boolean(answer);
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

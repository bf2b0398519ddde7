/**
 * Answers of a few words, and the headers that every answer has.
 *
 * @module
 */

import { statusTexts } from "../page/status_texts.ts";

/** The headers of every answer: no other origin may read it, and nobody keeps it. */
export const commonHeaders: Readonly<Record<string, string>> = {
  "x-content-type-options": "nosniff",
  "cross-origin-resource-policy": "same-origin",
  "cache-control": "no-store",
  vary: "Accept-Encoding",
};

/** Answers a status with what it means, and why it is so. */
export function textResponse(status: number, headers: Record<string, string> = {}, reason?: string): Response {
  const body = `${statusTexts[status]}${reason === undefined ? "" : `: ${reason}`}\n`;
  return new Response(body, {
    status,
    headers: { ...commonHeaders, "content-type": "text/plain; charset=utf-8", ...headers },
  });
}

/**
 * A response on its way from the app to whoever sends it.
 *
 * @module
 */

import type { Exchange } from "./exchange.ts";

/**
 * Notes the response, and answers the one to send. What only looks like a response may throw wherever it is looked at: it is
 * passed on as it is, and ends with its answer.
 */
export function answeredWith(
  exchange: Exchange,
  response: Response,
  failed: () => void,
  route?: string,
  isLast = false,
  at: number = Number.NaN,
): Response {
  try {
    return exchange.answer(response, route, isLast, at);
  } catch {
    failed();
    exchange.end(500, route, at);
    return response;
  }
}

/**
 * What the options of what measures requests may be, whatever server they come from.
 *
 * @module
 */

import { type Kind, type Option, type Refuse, text } from "../check.ts";

/** A path of the page, where none means nowhere. */
export const pagePath: Kind = text('a string that begins with "/"', (value) => value.startsWith("/"));

/** A path of the page that a framework's middleware answers unless it is told otherwise. */
export const middlewarePath: Option = {
  default: "/metrics",
  is: 'false or a string that begins with "/"',
  check(value, name, refuse) {
    if (value !== false) text(this.is, (path) => path.startsWith("/")).check(value, name, refuse);
  },
};

/** How routes are known; what makes the finder of routes refuses what tells none. */
export const routeKind: Kind = { is: "a function, `URLPattern`s, or { normalizePath }", check: () => {} };

/** Refuses what is no monitor; `method` is what is asked of it. */
export function checkMonitor(refuse: Refuse, monitor: unknown, method: "handler" | "instrument"): void {
  if (typeof (monitor as Record<string, unknown> | null | undefined)?.[method] !== "function") {
    refuse(TypeError, "monitor must be a monitor", monitor);
  }
}

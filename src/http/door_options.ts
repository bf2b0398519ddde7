/**
 * What the options of what measures requests may be, whatever server they come from.
 *
 * @module
 */

import { type Kind, kind, type Option, type Refuse, text } from "../check.ts";

/** A path of the page, where none means nowhere. */
export const pagePath: Kind = /* @__PURE__ */ text('a string that begins with "/"', isPath);

/** A path of the page that a framework's middleware answers unless it is told otherwise. */
export const middlewarePath: Option = /* @__PURE__ */ pathOrFalse();

function pathOrFalse(): Option {
  const fits = (value: unknown): boolean => value === false || (typeof value === "string" && isPath(value));
  return { default: "/metrics", ...kind(`false or ${pagePath.is}`, fits) };
}

function isPath(text: string): boolean {
  return text.startsWith("/");
}

/** How routes are known; what makes the finder of routes refuses what tells none. */
export const routeKind: Kind = { check() {} };

export function monitorWith(...methods: readonly ("handler" | "instrument" | "snapshot")[]): Kind {
  return kind("a monitor", (value) => methods.every((method) => typeof (value as Methods)?.[method] === "function"));
}

type Methods = Record<string, unknown> | null | undefined;

/** Refuses what is no monitor; `method` is what is asked of it. */
export function checkMonitor(refuse: Refuse, monitor: unknown, method: "handler" | "instrument"): void {
  monitorWith(method).check(monitor, "monitor", refuse);
}

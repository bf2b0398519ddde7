/**
 * What the live page knows of the alerts: the numbers at which they fire, and where the runbook says what to do.
 *
 * @module
 */

import { checkKitOptions } from "./kit/options.ts";
import { createSignals } from "./signals.ts";

/** Writes the module that brings it. */
export function renderLiveSignals(): string {
  const settings = checkKitOptions();
  const numbers = Object.entries(settings.thresholds).map(([name, { value, because }]) =>
    `  /** ${because[0]!.toUpperCase()}${because.slice(1)}. */\n  ${name}: ${value},`
  );
  const places = createSignals(settings).map(({ id, title }) =>
    `  ${id}: ${JSON.stringify(title.toLowerCase().replaceAll(" ", "-"))},`
  );
  return `/**
 * Written by scripts/generate.ts from what the alerts are written from; do not edit.
 *
 * @module
 */

/** The numbers at which the alerts fire: seconds, shares from 0 to 1, or counts. */
export const thresholds = {
${numbers.join("\n")}
} as const;

/** The runbook, and its section that says what to do, by signal. */
export const runbook = ${JSON.stringify(settings.runbook)};
export const sections = {
${places.join("\n")}
} as const;
`;
}

/**
 * The table of alerts in docs/alerts.md, written from the signals.
 *
 * @module
 */

import { createSignals } from "../signals.ts";
import { checkKitOptions } from "./options.ts";
import { spoken } from "./threshold_alerts.ts";

/**
 * Writes the table.
 *
 * @returns Markdown.
 */
export function renderAlertTable(): string {
  return [
    "| alert | severity | because |",
    "| --- | --- | --- |",
    ...createSignals(checkKitOptions()).flatMap(({ title, alerts }) =>
      alerts.map(({ name, severity, forSeconds, because }) =>
        `| [\`${name}\`](runbook.md#${title.toLowerCase().replaceAll(" ", "-")}) | ${severity}${
          forSeconds > 0 ? `, after ${spoken(forSeconds)}` : ""
        } | ${because.split("\n")[0]!} |`
      )
    ),
  ].join("\n");
}

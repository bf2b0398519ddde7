/**
 * The runbook, written from the signals, so that no alert is without its part.
 *
 * @module
 */

import type { KitSettings } from "./options.ts";
import type { Signal } from "./signal.ts";
import { createSignals } from "../signals.ts";
import { spoken } from "./threshold_alerts.ts";

/**
 * Writes the runbook.
 *
 * @param settings The user's names and numbers.
 * @returns Markdown.
 */
export function renderRunbook(settings: KitSettings): string {
  const signals = createSignals(settings);
  return [
    "# Runbook",
    "<!-- Written by `runtime-metrics kit`, together with the rules: change it in scripts/, not here. -->",
    "What each alert means, how to confirm it and what to do. **Critical** is worth waking somebody, **warning** is for the " +
    "next morning. A critical alert silences the warning of the same `signal`, where Alertmanager has the inhibition of " +
    "`examples/alertmanager.yml`.",
    table([
      ["alert", "severity", "for"],
      ...signals.flatMap((signal) =>
        signal.alerts.map(({ name, severity, forSeconds }) => [
          `[${name}](#${signal.title.toLowerCase().replaceAll(" ", "-")})`,
          severity,
          forSeconds > 0 ? spoken(forSeconds) : "at once",
        ])
      ),
    ]),
    ...signals.flatMap(section),
  ].join("\n\n") + "\n";
}

function section({ title, meaning, confirm, act, alerts, recordings = [] }: Signal): string[] {
  return [
    `## ${title}`,
    meaning,
    "**Confirm it**",
    confirm.map((step) => `- ${step}`).join("\n"),
    "**Do**",
    act.map((step, i) => `${i + 1}. ${step}`).join("\n"),
    "**Fires**",
    ...alerts.flatMap(({ name, severity, because, expression }) => [
      `\`${name}\`, ${severity}. ${because.replaceAll("\n", " ")}`,
      `\`\`\`promql\n${expression}\n\`\`\``,
    ]),
    ...(recordings.length === 0 ? [] : [
      "What it is made of is recorded, for each window in the same way:",
      `\`\`\`promql\n${
        recordings.slice(0, 2).map(({ name, expression }) => `${name} = ${expression}`).join("\n")
      }\n\`\`\``,
    ]),
  ];
}

function table(rows: readonly (readonly string[])[]): string {
  const [header, ...body] = rows.map((row) => `| ${row.join(" | ")} |`);
  return [header, `|${" --- |".repeat(rows[0]!.length)}`, ...body].join("\n");
}

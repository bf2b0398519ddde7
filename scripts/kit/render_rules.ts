/**
 * The rules of Prometheus, written from the signals.
 *
 * @module
 */

import type { KitSettings } from "./options.ts";
import type { Alert, Signal } from "./signal.ts";
import { createSignals } from "../signals.ts";
import { spoken } from "./threshold_alerts.ts";
import { renderYaml, type YamlValue } from "./yaml_text.ts";

/**
 * Writes recording rules and alerts, one group for each signal: what an alert is made of is recorded before it.
 *
 * @param settings The user's names and numbers.
 * @returns YAML.
 */
export function renderRules(settings: KitSettings): string {
  return renderYaml({
    "#":
      "Alerts on the runtime metrics. Written by `runtime-metrics kit`: change its numbers there, and write it anew.\n" +
      "Try it with `promtool check rules` and, with the file beside it, `promtool test rules`.",
    ...ruleGroups(settings),
  });
}

/**
 * Makes the groups, as any file of rules holds them.
 *
 * @param settings The user's names and numbers.
 * @returns The groups.
 */
export function ruleGroups(settings: KitSettings): { readonly groups: readonly YamlValue[] } {
  return {
    groups: createSignals(settings).map((signal): YamlValue => ({
      name: `${groupPrefix(settings)}${signal.id}`,
      rules: [
        ...(signal.recordings ?? []).map(({ name, expression }) => ({ record: name, expr: expression })),
        ...signal.alerts.map((alert) => rule(settings, signal, alert)),
      ],
    })),
  };
}

/** Two kits for two prefixes must not have groups of one name in one Kubernetes namespace. */
function groupPrefix({ prefix }: KitSettings): string {
  return prefix === "runtime_" ? "runtime-metrics:" : `runtime-metrics:${prefix}`;
}

function rule(settings: KitSettings, signal: Signal, alert: Alert): YamlValue {
  return {
    "#": alert.because,
    alert: alert.name,
    expr: alert.expression,
    ...(alert.forSeconds > 0 && { for: spoken(alert.forSeconds) }),
    labels: ruleLabels(signal, alert),
    annotations: {
      summary: alert.summary,
      description: alert.description,
      runbook_url: runbookUrl(settings, signal),
    },
  };
}

/**
 * The labels that a rule adds.
 *
 * @param signal The signal.
 * @param alert One of its alerts.
 * @returns The labels.
 */
export function ruleLabels(signal: Signal, alert: Alert): Record<string, string> {
  return { severity: alert.severity, signal: signal.id };
}

/**
 * Where a signal is written about.
 *
 * @param settings The user's names and numbers.
 * @param signal The signal.
 * @returns The URL, with the heading's fragment as GitHub makes it.
 */
export function runbookUrl(settings: KitSettings, { title }: Pick<Signal, "title">): string {
  return `${settings.runbook}#${title.toLowerCase().replaceAll(" ", "-")}`;
}

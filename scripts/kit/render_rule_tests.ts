/**
 * promtool's tests of the rules, written from the same signals: each threshold from just below and just above, and each
 * `for` to the scrape.
 *
 * @module
 */

import { stepSeconds } from "./fake_series.ts";
import type { KitSettings } from "./options.ts";
import { ruleLabels, runbookUrl } from "./render_rules.ts";
import type { Alert, RuleCase, Signal } from "./signal.ts";
import { createSignals } from "../signals.ts";
import { spoken } from "./threshold_alerts.ts";
import { renderYaml, type YamlValue } from "./yaml_text.ts";

/**
 * Writes the tests.
 *
 * @param settings The user's names and numbers.
 * @param rulesFile The rules' file, seen from that of the tests.
 * @returns YAML for `promtool test rules`.
 */
export function renderRuleTests(settings: KitSettings, rulesFile: string): string {
  const signals = createSignals(settings);
  return renderYaml({
    "#": "promtool test rules FILE. Written by `runtime-metrics kit`, together with the rules.",
    rule_files: [rulesFile],
    evaluation_interval: spoken(stepSeconds),
    tests: signals.flatMap((signal) =>
      signal.alerts.flatMap((alert) => alert.cases.map((each) => testOf(settings, signal, alert, each)))
    ),
  });
}

function testOf(settings: KitSettings, signal: Signal, alert: Alert, each: RuleCase): YamlValue {
  const moments: [seconds: number, fires: boolean][] = "silentAtSeconds" in each
    ? each.silentAtSeconds.map((seconds) => [seconds, false])
    : [
      ...(firesAt(alert, each) > 0
        ? [[firesAt(alert, each) - (each.silentStepsBefore ?? 1) * stepSeconds, false] as [number, boolean]]
        : []),
      [firesAt(alert, each), true],
      ...(each.endsSeconds === undefined ? [] : [[each.endsSeconds, false] as [number, boolean]]),
    ];
  const samples = 1 + Math.ceil(Math.max(...moments.map(([seconds]) => seconds)) / stepSeconds);
  return {
    name: `${alert.name}: ${each.says}`,
    interval: spoken(stepSeconds),
    input_series: each.series.map(({ series, values }) => ({ series, values: values(samples) })),
    alert_rule_test: moments.map(([seconds, fires]) => ({
      eval_time: spoken(seconds),
      alertname: alert.name,
      exp_alerts: fires ? [expected(settings, signal, alert, each)] : [],
    })),
  };
}

/** The first evaluation at which the condition has held for long enough. */
function firesAt({ forSeconds }: Alert, { beginsSeconds }: { beginsSeconds: number }): number {
  return beginsSeconds + Math.ceil(forSeconds / stepSeconds) * stepSeconds;
}

function expected(settings: KitSettings, signal: Signal, alert: Alert, each: RuleCase): YamlValue {
  const value = "value" in each ? each.value : NaN;
  return {
    exp_labels: { ...ruleLabels(signal, alert), ...alert.labels },
    exp_annotations: {
      summary: fill(alert.summary, alert.labels, value),
      description: fill(alert.description, alert.labels, value),
      runbook_url: runbookUrl(settings, signal),
    },
  };
}

/** Fills in what Prometheus' templates would; only the forms that are used. */
function fill(template: string, labels: Readonly<Record<string, string>>, value: number): string {
  const formats: Record<string, (value: number) => string> = {
    humanize: humanize,
    humanizePercentage: (value) => `${significant(value * 100)}%`,
    humanizeDuration: humanizeDuration,
  };
  return template
    .replace(/\{\{ \$labels\.(\w+) \}\}/g, (_, label: string) => labels[label]!)
    .replace(/\{\{ \$value \| (\w+) \}\}/g, (_, format: string) => formats[format]!(value));
}

/** Go's `%.4g`, for numbers that need no exponent. */
function significant(value: number): string {
  return String(Number(value.toPrecision(4)));
}

function humanize(value: number): string {
  return significant(value);
}

function humanizeDuration(seconds: number): string {
  if (seconds === 0) return "0s";
  if (seconds < 1) return seconds < 0.001 ? `${significant(seconds * 1e6)}us` : `${significant(seconds * 1000)}ms`;
  const whole = Math.trunc(seconds);
  const [days, hours, minutes] = [
    Math.floor(whole / 86_400),
    Math.floor(whole / 3600) % 24,
    Math.floor(whole / 60) % 60,
  ];
  if (days > 0) return `${days}d ${hours}h ${minutes}m ${whole % 60}s`;
  if (hours > 0) return `${hours}h ${minutes}m ${whole % 60}s`;
  if (minutes > 0) return `${minutes}m ${whole % 60}s`;
  return `${significant(seconds)}s`;
}

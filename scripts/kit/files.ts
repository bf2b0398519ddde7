/**
 * The operator's kit: every file of it, for a user's own names and numbers. Pure: it reads and writes nothing.
 *
 * @module
 */

import { checkKitOptions, type KitOptions } from "./options.ts";
import { renderDashboard } from "./render_dashboard.ts";
import { renderPrometheusRule } from "./render_kubernetes.ts";
import { renderRules } from "./render_rules.ts";
import { renderRuleTests } from "./render_rule_tests.ts";
import { renderRunbook } from "./render_runbook.ts";

/** One file of the kit. */
export interface KitFile {
  /** From the folder that the kit is written to, with `/` on every system. */
  readonly path: string;
  readonly text: string;
}

/**
 * Makes the kit.
 *
 * @param options The user's names and numbers.
 * @returns Dashboard, rules, their tests, the runbook, and the rules for Kubernetes.
 * @throws {TypeError} If an option or a threshold is unknown or of the wrong kind.
 * @throws {RangeError} If a name or a number is out of bounds.
 */
export function createKit(options: KitOptions = {}): KitFile[] {
  const settings = checkKitOptions(options);
  return [
    { path: "grafana/runtime-metrics.json", text: renderDashboard(settings) },
    { path: "alerts/runtime-metrics.yml", text: renderRules(settings) },
    { path: "alerts/runtime-metrics.test.yml", text: renderRuleTests(settings, "runtime-metrics.yml") },
    { path: "runbook.md", text: renderRunbook(settings) },
    { path: "kubernetes/prometheus_rule.yml", text: renderPrometheusRule(settings) },
  ];
}

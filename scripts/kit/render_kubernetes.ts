/**
 * The same rules as the Prometheus Operator takes them.
 *
 * @module
 */

import type { KitSettings } from "./options.ts";
import { ruleGroups } from "./render_rules.ts";
import { renderYaml } from "./yaml_text.ts";

/**
 * Writes a PrometheusRule.
 *
 * @param settings The user's names and numbers.
 * @returns YAML.
 */
export function renderPrometheusRule(settings: KitSettings): string {
  const own = settings.prefix === "runtime_" ? "" : settings.prefix.toLowerCase().replace(/[^a-z0-9]+/g, "-");
  return renderYaml({
    "#": "The rules for the Prometheus Operator. Written by `runtime-metrics kit`.\n" +
      "An operator that selects rules by labels (its ruleSelector) needs them under metadata. In a Helm chart the\n" +
      "{{ }} of the annotations must be escaped.\n" +
      "Run here: the rules inside, by promtool and by Prometheus. Not run here: Kubernetes and the operator.",
    apiVersion: "monitoring.coreos.com/v1",
    kind: "PrometheusRule",
    metadata: { name: `runtime-metrics${own && `-${own}`}`.replace(/-+$/, "") },
    spec: ruleGroups(settings),
  });
}

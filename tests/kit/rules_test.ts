import { describe, it } from "node:test";
import { readdirSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { parse } from "yaml";
import { anchorsOf, panelsOf, readKit, readRepository, type Rule, type RuleFile, unique } from "../support/kit.ts";

const { rules, dashboard } = readKit();
const alerts = rules.filter(({ alert }) => alert !== undefined);
const find = (name: string): Rule => {
  const rule = alerts.find(({ alert }) => alert === name);
  assert(rule, `no alert ${name}`);
  return rule;
};

describe("the rules", () => {
  it("are those in alerts/", () => {
    assertEquals(parse(readRepository("alerts/runtime-metrics.yml")), readKit().ruleFile);
  });

  it("are alone in alerts/, with their tests", () => {
    const folder = fileURLToPath(new URL("../../alerts", import.meta.url));
    assertEquals(readdirSync(folder).sort(), ["runtime-metrics.test.yml", "runtime-metrics.yml"]);
  });

  const runbook = readRepository("docs/runbook.md");
  const anchors = anchorsOf(runbook);
  for (const { alert, labels, annotations } of alerts) {
    it(`tell of ${alert} how bad it is, what it is, and where to read on`, () => {
      assertMatch(labels!["severity"]!, /^(warning|critical)$/);
      assertMatch(annotations!["summary"]!, /\{\{ \$labels\.job \}\}/);
      assertMatch(annotations!["description"]!, /\{\{ \$value \| humanize(Duration|Percentage|) ?\}\}/);
      const url = new URL(annotations!["runbook_url"]!);
      assert(anchors.has(url.hash.slice(1)), url.hash);
      // The part that the link leads to is about this very alert, and says what to do.
      const section = runbook.split(/^## /m).find((text) =>
        anchorsOf(`## ${text.split("\n")[0]}`).has(url.hash.slice(1))
      )!;
      for (const part of [`\`${alert}\``, "**Confirm it**", "**Do**", "\n1. "]) assertStringIncludes(section, part);
    });
  }

  it("have the ancestor's four, with its numbers and waits", () => {
    for (
      const [name, number, wait, severity] of [
        ["RuntimeEventLoopLagHigh", 0.05, "1m", "warning"],
        ["RuntimeEventLoopLagCritical", 0.2, "30s", "critical"],
        ["RuntimePoolSaturationHigh", 0.8, "2m", "warning"],
        ["RuntimePoolSaturationCritical", 0.95, "1m", "critical"],
      ] as const
    ) {
      const { expr, for: held, labels } = find(name);
      assertEquals([held, labels!["severity"]], [wait, severity], name);
      // The gauge of the newest scrape, or what a histogram kept of the time between scrapes: at the same number.
      const sides = expr.split("\nor\n");
      assertEquals(sides.length, 2, name);
      for (const side of sides) assert(side.endsWith(`> ${number}`), side);
      assertMatch(sides[1]!, /rate\(runtime_\w+_(bucket|sum)\[5m\]\)/);
    }
  });

  it("watch whatever else can go wrong", () => {
    assertEquals(unique(alerts.map(({ labels }) => labels!["signal"]!)), [
      ...["cardinality", "collection", "copies", "down", "errors", "fds", "hang", "heap", "held", "lag", "latency"],
      ...["pending_age", "pool_wait", "rejected", "saturation", "source", "throttled"],
    ]);
  });

  it("page at the number at which the panel turns red", () => {
    for (const panel of panelsOf(dashboard)) {
      const [, warning, critical] = panel.fieldConfig!.defaults.thresholds!.steps.map(({ value }) => value);
      const anchor = panel.links?.[0] && new URL(panel.links[0].url).hash;
      if (critical === undefined || !anchor || /Budget|budget|Pending work/.test(panel.title)) continue;
      const own = alerts.filter(({ annotations }) => new URL(annotations!["runbook_url"]!).hash === anchor);
      const limits = own.map(({ expr, labels }) => [labels!["severity"], Number(/> ([\d.]+)$/m.exec(expr)?.[1])]);
      assertEquals(limits, [["warning", warning], ["critical", critical]], panel.title);
    }
  });

  it("keep their reasons beside them", () => {
    const text = readRepository("alerts/runtime-metrics.yml");
    for (const { alert } of alerts) assertMatch(text, new RegExp(`# .*\\n +- alert: ${alert}\\n`));
  });
});

describe("the PrometheusRule", () => {
  it("holds the same groups", () => {
    const manifest = parse(readRepository("examples/kubernetes/prometheus_rule.yml")) as {
      apiVersion: string;
      kind: string;
      metadata: { name: string };
      spec: RuleFile;
    };
    assertEquals([manifest.apiVersion, manifest.kind], ["monitoring.coreos.com/v1", "PrometheusRule"]);
    assertEquals(manifest.spec, readKit().ruleFile);
  });

  for (
    const [prefix, name] of [["runtime_", "runtime-metrics"], ["my_App_", "runtime-metrics-my-app"], [
      ":",
      "runtime-metrics",
    ]] as const
  ) {
    it(`has a name that Kubernetes takes, for "${prefix}"`, () => {
      const manifest = parse(readKit({ prefix }).text("kubernetes/prometheus_rule.yml")) as {
        metadata: { name: string };
      };
      assertEquals(manifest.metadata.name, name);
    });
  }
});

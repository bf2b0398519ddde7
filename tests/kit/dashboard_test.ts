import { describe, it } from "node:test";
import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { absences } from "../../scripts/absences.ts";
import { metricsOf } from "../../scripts/kit/describe_panel.ts";
import { checkKitOptions } from "../../scripts/kit/options.ts";
import {
  anchorsOf,
  type Dashboard,
  type GrafanaPanel,
  panelsOf,
  readKit,
  readRepository,
  unique,
} from "../support/kit.ts";

const { dashboard } = readKit();
const panels = panelsOf(dashboard);
const settings = checkKitOptions();

const panel = (title: string, type: string): GrafanaPanel => {
  const found = panels.find((panel) => panel.title === title && panel.type === type);
  assert(found, `no ${type} "${title}"`);
  return found;
};
const steps = (panel: GrafanaPanel) => panel.fieldConfig!.defaults.thresholds!.steps.map(({ value }) => value);

describe("the dashboard", () => {
  it("is the one in grafana/", () => {
    assertEquals(JSON.parse(readRepository("grafana/runtime-metrics.json")), JSON.parse(JSON.stringify(dashboard)));
  });

  it("shows the last hour and looks again every ten seconds", () => {
    assertEquals([dashboard.refresh, dashboard.time], ["10s", { from: "now-1h", to: "now" }]);
  });

  it("lets a data source, jobs, instances and copies be chosen", () => {
    assertEquals(
      dashboard.templating.list.map(({ name, type, multi, includeAll }) => [name, type, multi, includeAll]),
      [
        ["datasource", "datasource", false, false],
        ["job", "query", true, true],
        ["instance", "query", true, true],
        ["copy", "query", true, true],
      ],
    );
  });

  it("chooses copies where they are told apart, and all of them where none were joined", () => {
    assertEquals(dashboard.templating.list.find(({ name }) => name === "copy")!.allValue, ".*");
    const chosen = panels.flatMap(({ targets }) => targets!).flatMap(({ expr }) =>
      expr.match(/\w+\{[^}]*\$copy[^}]*\}/g) ?? []
    );
    const names = unique(chosen.map((selector) => selector.split("{")[0]!)).sort();
    assertEquals(names, [
      "runtime_eventloop_blocked_seconds_total",
      "runtime_eventloop_lag_peak_seconds",
      "runtime_eventloop_stall_cpu_seconds_total",
      "runtime_eventloop_stall_seconds_total",
      "runtime_metrics_last_collection_timestamp_seconds",
    ]);
    const others = panels.flatMap(({ targets }) => targets!)
      .flatMap(({ expr }) => expr.match(/\w+\{[^}]*\$instance[^}]*\}/g) ?? []).filter((each) =>
        !each.includes("$copy")
      );
    assertEquals(others.filter((each) => names.includes(each.split("{")[0]!)), []);
  });

  // The upload in the UI asks for __inputs, which provisioning never fills in; a variable serves both.
  it("needs nothing filled in, by upload or by provisioning", () => {
    const text = JSON.stringify(dashboard);
    assert(!text.includes("__inputs") && !text.includes("DS_PROMETHEUS"));
    assert(!("id" in dashboard) || dashboard.id === null);
    const sources = unique([...text.matchAll(/"uid":"([^"]*)"/g)].map(([, uid]) => uid!));
    // Its own, and Grafana's for the marks that people make by hand.
    const others = sources.filter((uid) => uid !== dashboard.uid && uid !== "-- Grafana --");
    assertEquals(others, ["${datasource}"]);
  });

  it("uses no variable that it does not have", () => {
    const known = [...dashboard.templating.list.map(({ name }) => name), "__rate_interval", "__all"];
    const used = [...JSON.stringify(dashboard).matchAll(/\$\{?(\w+)/g)].map(([, name]) => name!);
    assertEquals([...new Set(used)].filter((name) => !known.includes(name)), []);
  });

  it("has an id of its own on each panel and row", () => {
    const all = [...dashboard.panels, ...dashboard.panels.flatMap(({ panels }) => panels ?? [])];
    assertEquals(all.map(({ id }) => id).sort((a, b) => a - b), all.map((_, i) => i + 1));
  });

  it("has no panel over another or beyond the grid", () => {
    const taken = new Map<string, string>();
    const folded = dashboard.panels.flatMap(({ panels }) => panels ?? []);
    for (const { title, gridPos: { x, y, w, h } } of [...dashboard.panels, ...folded]) {
      assert(x >= 0 && x + w <= 24, title);
      for (let column = x; column < x + w; column++) {
        for (let line = y; line < y + h; line++) {
          const cell = `${column},${line}`;
          assertEquals(taken.get(cell), undefined, `${title} is over ${taken.get(cell)}`);
          taken.set(cell, title);
        }
      }
    }
  });

  it("fills each line from side to side", () => {
    const ends = new Map<number, number>();
    for (const { gridPos: { y, w } } of panels) ends.set(y, (ends.get(y) ?? 0) + w);
    assertEquals([...ends.values()], [...ends].map(() => 24));
  });

  for (const each of panels) {
    it(`tells of "${each.title}" what its metrics mean, and where they are missing`, () => {
      const metrics = each.targets!.flatMap(({ expr }) => metricsOf(expr, settings));
      for (const { help, name } of metrics) {
        assertStringIncludes(each.description!, help);
        for (const reason of Object.values(absences[name] ?? {})) assertStringIncludes(each.description!, reason);
      }
      assert(each.description!.length > 0, "no description");
      assert(each.fieldConfig!.defaults.unit, "no unit");
    });

    it(`turns colours of "${each.title}" upwards`, () => {
      const [first, ...rest] = steps(each);
      assertEquals(first, null);
      assertEquals(rest, [...rest].sort((a, b) => a! - b!));
    });
  }

  it("links only to what the runbook has", () => {
    const anchors = anchorsOf(readRepository("docs/runbook.md"));
    const links = panels.flatMap(({ links }) => links ?? []).map(({ url }) => new URL(url).hash.slice(1));
    assert(links.length > 10);
    assertEquals(links.filter((anchor) => !anchors.has(anchor)), []);
  });

  it("has what the Python ancestor's has, with the numbers of the alerts", () => {
    assertEquals(steps(panel("Event loop lag, p99", "stat")), [null, 0.05, 0.2]);
    assertEquals(steps(panel("Pending work", "stat")), [null, 100, 500]);
    assertEquals(steps(panel("Fullest pool", "stat")), [null, 0.8, 0.95]);
    assertEquals(steps(panel("Since last collection", "stat")), [null, 30, 120]);
    assertEquals(steps(panel("Lag", "timeseries")), [null, 0.05, 0.2]);
    assertEquals(panel("Pending by kind", "timeseries").targets!.length, 1);
    assertEquals(panel("Pools: active and capacity", "timeseries").targets!.length, 2);
    assertEquals(steps(panel("Pool saturation", "gauge")), [null, 0.8, 0.95]);
  });
});

describe("a dashboard of one's own", () => {
  const own: Dashboard = readKit({
    prefix: "myapp_",
    httpPrefix: "shop_",
    jobs: ["api"],
    thresholds: { lag_warning: 0.1, lag_critical: 0.5 },
  }).dashboard;

  it("stands beside that of another prefix", () => {
    assertEquals([own.uid, own.title], ["runtime-metrics-myapp", "Runtime metrics: myapp"]);
  });
  it("begins with the jobs that were named", () => {
    assertEquals(own.templating.list.find(({ name }) => name === "job")?.current?.value, ["api"]);
  });
  it("has the same panels over other names and numbers", () => {
    assertEquals(panelsOf(own).map(({ title }) => title), panels.map(({ title }) => title));
    assert(!JSON.stringify(own).includes("runtime_"), "a name with the default prefix is left");
    const lag = panelsOf(own).find(({ title }) => title === "Lag")!;
    assertEquals(steps(lag), [null, 0.1, 0.5]);
  });
});

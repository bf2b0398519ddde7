import { describe, it } from "node:test";
import { assert, assertEquals, assertThrows } from "@std/assert";
import { createPromql } from "../../scripts/kit/promql.ts";
import { catalog, type CatalogEntry } from "../../src/metrics/catalog/catalog.ts";
import { panelsOf, type ReadKit, readKit, unique } from "../support/kit.ts";
import { parsePromql, withoutGrafana } from "../support/promql_names.ts";

/** Labels that Prometheus gives to targets and alerts, that histograms have, and that tell copies apart. */
const given = ["job", "instance", "le", "alertname", "alertstate", "copy"];
/** Series that Prometheus itself makes. */
const own = ["up", "scrape_duration_seconds", "ALERTS"];

function nameParts({ name, type }: CatalogEntry): string[] {
  if (type === "histogram") return ["bucket", "sum", "count"].map((part) => `${name}_${part}`);
  return type === "summary" ? [`${name}_sum`, `${name}_count`] : [name];
}

/** The catalog's series by their whole names, with their labels. */
function knownSeries(prefix: string, httpPrefix: string): Map<string, readonly string[]> {
  return new Map(catalog.flatMap((entry) =>
    nameParts(entry).map((name) => {
      const before = entry.bare ? (entry.group === "http" ? httpPrefix : "") : prefix;
      return [before + name, entry.labels] as const;
    })
  ));
}

function expressionsOf({ dashboard, rules }: ReadKit): [string, string][] {
  return [
    ...rules.map(({ alert, record, expr }): [string, string] => [(alert ?? record)!, expr]),
    ...panelsOf(dashboard).flatMap(({ title, targets }) =>
      targets!.map(({ refId, expr }): [string, string] => [`panel ${title} ${refId}`, withoutGrafana(expr)])
    ),
    ...dashboard.annotations.list.flatMap(({ expr }): [string, string][] =>
      expr === undefined ? [] : [[`annotation ${expr}`, withoutGrafana(expr)]]
    ),
  ];
}

for (
  const { prefix, httpPrefix, labels } of [
    { prefix: "runtime_", httpPrefix: "", labels: [] },
    { prefix: "myapp_", httpPrefix: "acme_shop_", labels: ["namespace"] },
    { prefix: "", httpPrefix: "", labels: [] },
  ]
) {
  describe(`every expression of a kit for "${prefix}"`, () => {
    const kit = readKit({ prefix, httpPrefix, labels });
    const series = knownSeries(prefix, httpPrefix);
    const recorded = new Set(kit.rules.flatMap(({ record }) => record ?? []));

    it("is PromQL over the catalog", () => {
      for (const [name, expression] of expressionsOf(kit)) {
        const { errors, metrics, labels: used } = parsePromql(expression);
        assertEquals(errors, [], `${name}: ${expression}`);
        assert(metrics.length > 0, name);
        const unknown = metrics.filter((metric) =>
          !series.has(metric) && !recorded.has(metric) && !own.includes(metric)
        );
        assertEquals(unknown, [], `${name}: ${expression}`);
        const known = [...given, ...labels, ...metrics.flatMap((metric) => series.get(metric) ?? [])];
        assertEquals(used.filter((label) => !known.includes(label)), [], `${name}: ${expression}`);
      }
    });

    it("adds buckets up by their bounds before it takes a quantile", () => {
      const quantiles = expressionsOf(kit).flatMap(([, expression]) =>
        expression.split("histogram_quantile(").slice(1)
      );
      assert(quantiles.length > 10);
      for (const quantile of quantiles) {
        assert(/^0\.\d+, sum by \([\w, ]*\ble\) \(rate\(/.test(quantile), quantile);
      }
    });

    it("uses what it records, and records it before", () => {
      const before = new Set<string>();
      for (const { record, expr } of kit.rules) {
        for (const metric of parsePromql(expr).metrics) {
          if (metric.includes(":")) assert(before.has(metric), `${metric} is not recorded before ${expr}`);
        }
        if (record) before.add(record);
      }
      assert(before.size > 0);
      for (const name of before) {
        assert(kit.rules.some(({ record, expr }) => record !== name && expr.includes(name)), `${name} is used nowhere`);
      }
    });
  });
}

describe("jobs", () => {
  const matchers = (jobs: string[]): string[] =>
    unique(readKit({ jobs }).rules.flatMap(({ expr }) => expr.match(/job=~?"[^"]*"/g) ?? []));

  it("stand in every selector", () => {
    for (const { expr } of readKit({ jobs: ["api"] }).rules) {
      for (const metric of parsePromql(expr).metrics.filter((name) => !name.includes(":"))) {
        assertEquals(expr.split(new RegExp(`\\b${metric}\\b(?!\\{job="api")`)).length, 1, expr);
      }
    }
  });
  it("are matched by name if there is one", () => assertEquals(matchers(["api"]), ['job="api"']));
  it("are matched together if there are several", () =>
    assertEquals(matchers(["api", "worker-2"]), ['job=~"api|worker-2"']));
  it("mean themselves, whatever characters they have", () =>
    assertEquals(matchers(["a.b", "c|d"]), ['job=~"a[.]b|c[|]d"']));
});

describe("createPromql()", () => {
  const promql = createPromql({ prefix: "my_", httpPrefix: "shop_", matchers: ['job="api"'] });

  it("puts the prefix where it belongs", () => {
    assertEquals(promql.series("pool_active"), 'my_pool_active{job="api"}');
    assertEquals(
      promql.series("http_requests_total", 'status="200"'),
      'shop_http_requests_total{job="api", status="200"}',
    );
    assertEquals(promql.series("process_open_fds"), 'process_open_fds{job="api"}');
  });
  for (
    const name of ["pool_activ", "eventloop_lag_seconds", "pool_active_sum", "metrics_scrape_duration_seconds_bucket"]
  ) {
    it(`refuses ${name}, which is no series`, () => {
      assertThrows(() => promql.series(name), Error, `no series "${name}" comes from the catalog`);
    });
  }
});

describe("parsePromql()", () => {
  it("finds what is wrong", () => assertEquals(parsePromql("rate(x[5m)").errors.length, 1));
});

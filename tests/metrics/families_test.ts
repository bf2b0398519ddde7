import { describe, it } from "node:test";
import { assertEquals, assertStrictEquals, assertThrows } from "@std/assert";
import { Gauge, Registry } from "prom-client";
import { catalogEntry } from "../../src/metrics/catalog.ts";
import { Families } from "../../src/metrics/families.ts";

/** An empty book over a registry. */
function begin(maxLabelSets = 100) {
  const registry = new Registry();
  let collected = 0;
  const families = new Families({
    prefix: "my_",
    labels: { service: "api" },
    maxLabelSets,
    registry,
    onCollect: () => collected++,
  });
  const registered = (): string[] => registry.getMetricsAsArray().map(({ name }) => name);
  return { registry, families, registered, collected: () => collected };
}

const dropped = "my_metrics_dropped_label_sets_total";

describe("Families", () => {
  it("makes each family from its entry in the catalog: name, help, labels, buckets, aggregator", () => {
    const { families } = begin();
    const waits = families.histogram("pool_probe_wait_seconds");
    const entry = catalogEntry("pool_probe_wait_seconds");
    assertEquals([waits.name, waits.title, waits.help], ["my_pool_probe_wait_seconds", waits.name, entry.help]);
    assertEquals([waits.labelNames, waits.aggregator], [["pool"], "sum"]);
    assertEquals([waits.buckets, waits.staticLabels], [entry.buckets, { service: "api" }]);
    assertEquals(families.histogram("metrics_scrape_duration_seconds").type, "summary");
    // These are everybody's names, and have no prefix.
    assertEquals(families.counter("http_requests_total").name, "http_requests_total");
    assertEquals(families.histogram("http_request_duration_seconds", [1, 2]).buckets, [1, 2]);
  });

  it("keeps the catalog's order, whatever the order in which families are made", () => {
    const { families } = begin();
    families.gauge("http_requests_in_progress");
    families.counter("metrics_errors_total");
    families.histogram("eventloop_lag_seconds");
    assertEquals(families.own().map(({ title }) => title), [
      "my_eventloop_lag_seconds",
      "my_metrics_errors_total",
      dropped,
      "http_requests_in_progress",
    ]);
  });

  it("registers what there is, then each family that is made later", () => {
    const { families, registered } = begin();
    families.counter("metrics_errors_total");
    assertEquals(registered(), []);
    families.register();
    assertEquals(registered(), ["my_metrics_errors_total", dropped]);
    families.counter("http_requests_total");
    assertEquals(registered().at(-1), "http_requests_total");
    families.register();
    assertEquals(registered().length, 3);
    families.unregister();
    assertEquals(registered(), []);
    families.gauge("http_requests_in_progress");
    assertEquals(registered(), []);
  });

  it("never registers process_*, whose names may be an app's own", () => {
    const { families, registered } = begin();
    const entry = catalogEntry("process_open_fds");
    const sample = { pending: new Map(), oldestAges: new Map(), pools: new Map() };
    families.sampled(entry, () => sample, () => [[5]]);
    families.register();
    assertEquals(registered(), [dropped]);
    assertEquals(families.own().map(({ title }) => title), [dropped]);
    assertEquals(families.fallback().map(({ title }) => title), ["process_open_fds"]);
  });

  it("registers nothing when one name is somebody else's, and does not keep a later one of that kind", () => {
    const { families, registry, registered } = begin();
    families.counter("metrics_errors_total");
    families.histogram("eventloop_lag_seconds");
    const theirs = new Gauge({ name: "my_metrics_errors_total", help: "T.", registers: [registry] });
    assertThrows(() => families.register(), Error, 'a metric of its own named "my_metrics_errors_total"');
    assertEquals(registered(), ["my_metrics_errors_total"]);
    registry.clear();
    families.register();
    new Gauge({ name: "http_requests_total", help: "T.", registers: [registry] });
    const before = families.own();
    assertThrows(() => families.counter("http_requests_total"), Error, 'named "http_requests_total"');
    assertEquals(families.own(), before);
    // What somebody else put under our name meanwhile stays theirs.
    registry.clear();
    registry.registerMetric(theirs as never);
    families.unregister();
    assertStrictEquals(registry.getSingleMetric("my_metrics_errors_total") as unknown, theirs);
  });

  it("counts label sets that found no place by the metric's whole name", async () => {
    const { families } = begin(2);
    const errors = families.counter("metrics_errors_total");
    for (const source of ["a", "b", "c", "d"]) errors.slot(source);
    const counter = families.own().find(({ title }) => title === dropped)!;
    assertEquals((await counter.get()).values, [
      { value: 2, labels: { service: "api", metric: "my_metrics_errors_total" } },
    ]);
  });

  it("counts them at any limit: the counter of what was dropped has none itself", async () => {
    const { families } = begin(1);
    const [errors, waits] = [families.counter("metrics_errors_total"), families.histogram("pool_probe_wait_seconds")];
    for (const label of ["a", "b", "c"]) {
      errors.slot(label);
      waits.slot(label);
    }
    const counter = families.own().find(({ title }) => title === dropped)!;
    assertEquals((await counter.get()).values.map(({ value, labels }) => [labels["metric"], value]), [
      ["my_metrics_errors_total", 2],
      ["my_pool_probe_wait_seconds", 2],
    ]);
  });

  it("asks for a sample before a family is read through prom-client's protocol", async () => {
    const { families, registry, collected } = begin();
    families.counter("metrics_errors_total");
    families.register();
    await registry.metrics();
    assertEquals(collected(), 2);
  });
});

import { describe, it } from "node:test";
import { assertEquals, assertStrictEquals, assertThrows } from "@std/assert";
import { Gauge, Registry } from "prom-client";
import { catalog, catalogEntry } from "../../src/metrics/catalog/catalog.ts";
import { Families } from "../../src/metrics/families.ts";

/** An empty book over a registry. */
function begin(maxLabelSets = 100) {
  const registry = new Registry();
  let collected = 0;
  const dropped: string[] = [];
  const families = new Families({
    prefix: "my_",
    labels: { service: "api" },
    catalog,
    maxLabelSets,
    registry,
    onCollect: () => collected++,
    onDrop: (family) => dropped.push(family),
  });
  const registered = (): string[] => registry.getMetricsAsArray().map(({ name }) => name);
  return { registry, families, registered, dropped, collected: () => collected };
}

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
    assertEquals(families.histogram("http_request_duration_seconds", { buckets: [1, 2] }).buckets, [1, 2]);
  });

  it("keeps the catalog's order, whatever the order in which families are made", () => {
    const { families } = begin();
    families.gauge("http_requests_in_progress");
    families.counter("metrics_errors_total");
    families.histogram("eventloop_lag_seconds");
    assertEquals(families.own().map(({ title }) => title), [
      "my_eventloop_lag_seconds",
      "my_metrics_errors_total",
      "http_requests_in_progress",
    ]);
  });

  it("registers what there is, then each family that is made later", () => {
    const { families, registered } = begin();
    families.counter("metrics_errors_total");
    assertEquals(registered(), []);
    families.register();
    assertEquals(registered(), ["my_metrics_errors_total"]);
    families.counter("http_requests_total");
    assertEquals(registered().at(-1), "http_requests_total");
    families.register();
    assertEquals(registered().length, 2);
    families.unregister();
    assertEquals(registered(), []);
    families.gauge("http_requests_in_progress");
    assertEquals(registered(), []);
  });

  it("never registers process_*, whose names may be an app's own", () => {
    const { families, registered } = begin();
    families.sampled("process_open_fds", () => [[5]]);
    families.register();
    assertEquals(registered(), []);
    assertEquals(families.own(), []);
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

  it("tells each time that a label set found no place, by the metric's whole name", () => {
    const { families, dropped } = begin(2);
    const errors = families.counter("metrics_errors_total");
    const requests = families.counter("http_requests_total", { name: "shop_requests_total", labelNames: ["route"] });
    for (const label of ["a", "b", "c", "d", "a"]) {
      errors.slot(label);
      requests.slot(label);
    }
    const each = ["my_metrics_errors_total", "shop_requests_total"];
    assertEquals(dropped, [...each, ...each]);
  });

  it("gives a family a limit of its own, where it has one", () => {
    const { families, dropped } = begin(1);
    const wide = families.counter("metrics_dropped_label_sets_total", { maxLabelSets: Number.POSITIVE_INFINITY });
    const narrow = families.counter("metrics_errors_total");
    for (let i = 0; i < 9; i++) for (const family of [wide, narrow]) family.slot(`${i}`);
    assertEquals([wide.slots.size, narrow.slots.size], [9, 2]);
    assertEquals(dropped, Array(8).fill("my_metrics_errors_total"));
  });

  it("makes a family with another name, help, labels and buckets, and keeps the rest of its entry", () => {
    const { families, registered } = begin();
    const help = "How long a visit took.";
    const visits = families.histogram("http_request_duration_seconds", {
      buckets: [1, 2],
      name: "shop_visit_seconds",
      help,
      labelNames: ["handler"],
    });
    assertEquals([visits.name, visits.title, visits.help], ["shop_visit_seconds", "shop_visit_seconds", help]);
    assertEquals([visits.labelNames, visits.buckets, visits.aggregator], [["handler"], [1, 2], "sum"]);
    assertEquals(visits.staticLabels, { service: "api" });
    const open = families.gauge("http_requests_in_progress", { name: "shop_open", labelNames: [] });
    assertEquals([open.title, open.help], ["shop_open", catalogEntry("http_requests_in_progress").help]);
    families.counter("metrics_errors_total");
    families.register();
    // The place on the page is the entry's.
    assertEquals(registered(), ["my_metrics_errors_total", "shop_visit_seconds", "shop_open"]);
    families.unregister();
    assertEquals(registered(), []);
  });

  it("makes two families of one entry under two names, and none under a name that it has", () => {
    const { families, registered } = begin();
    families.register();
    const whole = families.histogram("http_request_duration_seconds");
    const head = families.histogram("http_request_duration_seconds", { name: "http_head_seconds", buckets: [1] });
    assertEquals(families.own(), [whole, head]);
    for (const name of ["http_head_seconds", "http_request_duration_seconds"]) {
      const error = assertThrows(() => families.counter("http_errors_total", { name }), Error);
      assertEquals(error.message, `Cannot create monitor: two metrics are named "${name}"`);
    }
    assertEquals(families.own(), [whole, head]);
    assertEquals(registered(), ["http_request_duration_seconds", "http_head_seconds"]);
  });

  it("tells whole names: with the prefix, save for those that are everybody's", () => {
    const { families } = begin();
    assertEquals(["pending_tasks", "http_requests_total", "process_open_fds"].map((name) => families.fullName(name)), [
      "my_pending_tasks",
      "http_requests_total",
      "process_open_fds",
    ]);
  });

  it("asks for a sample before a family is read through prom-client's protocol", async () => {
    const { families, registry, collected } = begin();
    families.counter("metrics_errors_total");
    families.register();
    await registry.metrics();
    assertEquals(collected(), 1);
  });
});

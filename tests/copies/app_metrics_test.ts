import { afterEach, describe, it } from "node:test";
import { assert, assertEquals, assertLess } from "@std/assert";
import { Counter, Gauge, Histogram, Registry, Summary } from "prom-client";
import { states } from "../support/copies.ts";
import { type OwnCopy, startCopy } from "../support/own_copies.ts";
import { Page } from "../support/page.ts";
import { until } from "../support/until.ts";

let groups = 0;

describe("an app's own metrics in several copies", () => {
  const left: OwnCopy[] = [];
  afterEach(() => {
    for (const { monitor } of left.splice(0)) monitor.stop();
  });

  /** Three copies, each of which has made its metrics, that know each other. */
  async function startCopies(make: (registry: Registry, index: number) => void): Promise<OwnCopy[]> {
    const group = `app-metrics-${++groups}`;
    const copies = [0, 1, 2].map((index) => {
      const copy = startCopy({ group, copy: `web-${index}`, deadlineSeconds: 5 });
      make(copy.registry, index);
      return copy;
    });
    left.push(...copies);
    await until(() => copies[0]!.page(), (page) => states(page)["alive"] === 3);
    return copies;
  }
  const openMetrics = async ({ monitor }: OwnCopy): Promise<string> => {
    const headers = { accept: "application/openmetrics-text; version=1.0.0" };
    return await (await monitor.handler(new Request("http://localhost/metrics", { headers }))).text();
  };

  it("are joined by their aggregator, on the page of each", async () => {
    const values = [5, 1, 3];
    const aggregators = ["sum", "max", "min", "average", "first", "omit"] as const;
    const copies = await startCopies((registry, index) => {
      for (const aggregator of aggregators) {
        new Gauge({ name: `app_${aggregator}`, help: "g", registers: [registry], aggregator }).set(values[index]!);
      }
      new Gauge({ name: "app_plain", help: "g", labelNames: ["of"], registers: [registry] }).set(
        { of: "x" },
        index + 1,
      );
      new Counter({ name: "app_total", help: "c", registers: [registry] }).inc(index + 1);
    });
    for (const [index, copy] of copies.entries()) {
      const page = await copy.page();
      assertEquals(
        ["sum", "max", "min", "average", "first"].map((aggregator) => page.value(`app_${aggregator}`)),
        [9, 5, 1, 3, values[index]!],
      );
      assert(!page.has("app_omit"));
      assertEquals([page.value('app_plain{of="x"}'), page.value("app_total")], [6, 6]);
    }
    // What rises stays when its copy goes, and what is of now goes with it.
    copies[0]!.copies.leave();
    const page = await until(() => copies[1]!.page(), (page) => states(page)["alive"] === 2);
    assertEquals(["sum", "max", "min", "average"].map((each) => page.value(`app_${each}`)), [4, 3, 1, 2]);
    assertEquals([page.value('app_plain{of="x"}'), page.value("app_total")], [5, 6]);
  });

  it("are added bucket by bucket, and summaries without their quantiles", async () => {
    const copies = await startCopies((registry, index) => {
      const histogram = new Histogram({ name: "app_seconds", help: "h", buckets: [1, 2], registers: [registry] });
      for (const value of [0.5, 1.5, 9].slice(0, index + 1)) histogram.observe(value);
      new Summary({ name: "app_size", help: "s", percentiles: [0.5], registers: [registry] }).observe(index + 1);
    });
    for (const copy of copies) {
      const page = await copy.page();
      assertEquals(page.histogram("app_seconds"), {
        buckets: [{ bound: 1, count: 3 }, { bound: 2, count: 5 }, { bound: Infinity, count: 6 }],
        sum: 3 * 0.5 + 2 * 1.5 + 9,
        count: 6,
      });
      assertEquals([page.value("app_size_sum"), page.value("app_size_count")], [6, 3]);
      assert(!page.text.includes("quantile="));
    }
  });

  it("show the newest exemplar of each bucket, whichever copy has it", async () => {
    const histograms: Histogram[] = [];
    const copies = await startCopies((registry) => {
      registry.setContentType(Registry.OPENMETRICS_CONTENT_TYPE as never);
      const options = { name: "app_seconds", help: "h", buckets: [1, 2], enableExemplars: true, registers: [registry] };
      histograms.push(new Histogram(options as never));
    });
    const observe = (index: number, value: number, trace: string): void =>
      histograms[index]!.observe({ value, exemplarLabels: { trace_id: trace } } as never);
    observe(1, 0.5, "old");
    observe(0, 1.5, "only");
    // Exemplars have milliseconds.
    await new Promise((resolve) => setTimeout(resolve, 5));
    observe(2, 0.7, "new");
    for (const copy of copies) {
      const text = await openMetrics(copy);
      const exemplars = text.split("\n").filter((line) => line.startsWith("app_seconds_bucket"))
        .map((line) => /trace_id="(\w+)"/.exec(line)?.[1]);
      assertEquals(exemplars, ["new", "only", undefined], text);
    }
  });

  it("stand beside what is told of the process, which is told once for all of its threads", async () => {
    const [one] = await startCopies(() => {}) as [OwnCopy];
    const alone = new Page(
      await (await one.monitor.handler(new Request("http://localhost/metrics?copy=self"))).text(),
    );
    const page = await one.page();
    const name = "process_resident_memory_bytes";
    // Three times of it would be three times as much; the process itself does not grow by half meanwhile.
    assertLess(page.value(name), alone.value(name) * 1.5);
    assertEquals(page.value("process_start_time_seconds"), alone.value("process_start_time_seconds"));
    const lag = "runtime_eventloop_lag_peak_seconds";
    assertEquals(page.labels(lag).sort(), ["web-0", "web-1", "web-2"].map((copy) => `{copy="${copy}"}`));
  });
});

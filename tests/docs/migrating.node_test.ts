// Every name that docs/migrating.md puts beside one of ours. On Node alone: prom-client has other default metrics elsewhere.

import { describe, it } from "node:test";
import { readFileSync } from "node:fs";
import process from "node:process";
import { fileURLToPath } from "node:url";
import { prometheus } from "@hono/prometheus";
import { Histogram, Registry } from "prom-client";
import { createMonitor } from "../../mod.ts";
import { assert, assertArrayIncludes, assertEquals, assertGreater, assertStringIncludes } from "@std/assert";
import { seedParity } from "../../scripts/seed_parity.ts";
import { checkOptions } from "../../src/monitor/check_options.ts";
import { tableBehind } from "../support/markdown.ts";
import { clients } from "../support/clients.ts";
import { assertOurs, codeIn, metricsIn } from "../support/migrating.ts";

const document = "docs/migrating.md";
describe("the table of prom-client's default metrics", () => {
  const rows = tableBehind(document, "From prom-client's default metrics");
  const named = rows.flatMap(([theirs]) => codeIn(theirs!));
  const isIn = (names: readonly string[], name: string): boolean =>
    names.some((each) => new RegExp(`^${each.replaceAll("*", "\\w+")}$`).test(name));

  it("has every metric of theirs, and no other", { skip: process.platform !== "linux" && "/proc is Linux's" }, () => {
    const theirs = clients.filter(({ skip }) => !skip).flatMap(({ api: { collectDefaultMetrics, Registry } }) => {
      const registry = new Registry();
      collectDefaultMetrics({ register: registry });
      return registry.getMetricsAsArray().map(({ name }) => name);
    });
    assertGreater(theirs.length, 20);
    assertEquals(theirs.filter((name) => !isIn(named, name)), []);
    assertEquals(named.filter((name) => !theirs.some((each) => isIn([name], each))), []);
  });

  it("puts beside each what is in the catalog", () => {
    for (const [theirs, here] of rows) {
      assert(metricsIn(here!).length > 0 || ["none", "the same names"].includes(here!), theirs);
      assertOurs(here!, theirs!);
      if (here === "the same names") assertOurs(theirs!, theirs!);
    }
  });
});

describe("the table of @hono/prometheus", () => {
  const rows = tableBehind(document, "From @hono/prometheus");

  it("has every metric of theirs, which have those labels", async () => {
    const registry = new Registry();
    prometheus({ registry });
    const metrics = await registry.getMetricsAsJSON();
    const named = rows.flatMap(([theirs]) => codeIn(theirs!));
    assertArrayIncludes(named, metrics.map(({ name }) => name));
    const labels = metrics.map(({ name }) =>
      (registry.getSingleMetric(name) as unknown as { labelNames: string[] }).labelNames
    );
    const shown = rows.flatMap(([theirs]) => theirs!.startsWith("label ") ? codeIn(theirs!) : []);
    for (const each of labels) assertArrayIncludes(each, ["ok", ...shown]);
  });

  it("names options and functions that they have", () => {
    const declarations = readFileSync(
      fileURLToPath(new URL("../../node_modules/@hono/prometheus/dist/index.d.ts", import.meta.url)),
      "utf8",
    );
    const options = rows.filter(([theirs]) => theirs!.startsWith("option ")).flatMap(([theirs]) => codeIn(theirs!));
    assertGreater(options.length, 4);
    for (const option of options) assertStringIncludes(declarations, `${option}?: `);
    for (const name of ["printMetrics", "registerMetrics"]) assert(name in prometheus());
    assertArrayIncludes(rows.map(([theirs]) => theirs), ["`printMetrics`"]);
  });

  it("puts beside each what is here", () => {
    for (const [theirs, here] of rows) {
      if (here!.startsWith("the same")) assertOurs(theirs!, theirs!);
      for (const [, option] of here!.matchAll(/`http: \{ (\w+)/g)) {
        // An option that is not known is an error.
        checkOptions({ http: { [option!]: undefined } });
      }
    }
  });
});

describe("the table of the Python libraries", () => {
  const rows = tableBehind(document, "From Python");

  it("names what they have, and what is in the catalog", () => {
    assertGreater(rows.length, 5);
    const theirs = seedParity.map((row) => row.theirs).join("\n");
    for (const [python, here] of rows) {
      for (const name of codeIn(python!)) assertStringIncludes(theirs, name);
      assertOurs(here!, python!);
    }
  });
});

it("a bound of an app's own histogram has a decimal point on our page, and none on prom-client's", async () => {
  const registry = new Registry();
  new Histogram({ name: "own_seconds", help: "x", buckets: [0.5, 1, 10], registers: [registry] }).observe(0.7);
  using monitor = createMonitor({ registry });
  const bounds = (page: string): string[] =>
    Array.from(page.matchAll(/^own_seconds_bucket\{le="(.*?)"\}/gm), ([, bound]) => bound!);
  assertEquals(bounds(await registry.metrics()), ["0.5", "1", "10", "+Inf"]);
  assertEquals(bounds(await (await monitor.handler()).text()), ["0.5", "1.0", "10.0", "+Inf"]);
});

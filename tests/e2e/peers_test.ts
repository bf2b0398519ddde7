// The tables of docs/migrating.md against the libraries themselves, at the versions that tests/peers pins.

import { before, describe, it } from "node:test";
import { spawnSync } from "node:child_process";
import { readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import process from "node:process";
import { Registry } from "prom-client";
import { assert, assertArrayIncludes, assertEquals, assertGreater } from "@std/assert";
import { pinnedPackages } from "../../scripts/pinned_packages.ts";
import { tableBehind } from "../support/markdown.ts";
import { assertOurs, codeIn, metricsIn } from "../support/migrating.ts";
import { checkOptions } from "../../src/monitor/check_options.ts";

const document = "docs/migrating.md";
const peers = pinnedPackages("tests/peers");
const skip = peers.install() ?? false;
const ownVersions = (JSON.parse(readFileSync("package.json", "utf8")) as { devDependencies: Record<string, string> })
  .devDependencies;

it("the libraries are of the versions that the document names", { skip }, () => {
  const said = readFileSync(document, "utf8").split("## ")[0]!;
  const shown = Array.from(said.matchAll(/([@\w][\w/-]*)`?\s+(\d+\.\d+)\b/g), ([, name, version]) => [name!, version!]);
  assertEquals(shown.length, 6);
  for (const [name, version] of shown) {
    // This one is pinned by the library itself.
    const pinned = peers.versions.get(name!) ?? ownVersions[name!];
    assertEquals(pinned?.split(".").slice(0, 2).join("."), version, name);
  }
});

/** Runs a program beside the peers, and reads the line of JSON that it writes. */
function told<Told>(code: string, ...flags: string[]): Told {
  const program = join(peers.modules, "../.told.mjs");
  try {
    writeFileSync(program, code);
    const { status, stdout, stderr } = spawnSync(process.execPath, [...flags, program], {
      encoding: "utf8",
      timeout: 300_000,
    });
    assertEquals(status, 0, stderr);
    return JSON.parse(stdout) as Told;
  } finally {
    rmSync(program, { force: true });
  }
}

/** The options that interfaces of a peer's declarations have. */
function optionsOf(path: string, interfaces: RegExp): string[] {
  const text = readFileSync(join(peers.modules, path), "utf8").replace(/\/\*[\s\S]*?\*\//g, "");
  const bodies = Array.from(text.matchAll(interfaces), ([, body]) => body!);
  assertGreater(bodies.length, 0);
  // Those of an option that is itself an object are one option.
  return bodies.flatMap((body) => Array.from(body.matchAll(/^ {2,4}(\w+)\??[:(]/gm), ([, name]) => name!));
}

const rowsOf = (heading: string): string[][] => {
  const rows = tableBehind(document, heading);
  assertGreater(rows.length, 5);
  return rows;
};
const named = (rows: string[][], what: RegExp): string[] =>
  rows.filter(([theirs]) => what.test(theirs!)).flatMap(([theirs]) => codeIn(theirs!));

/** Checks that what a table says of ours is there. */
function assertHere(rows: string[][]): void {
  for (const [theirs, here] of rows) {
    assertOurs(here!, theirs!);
    if (here === "the same name") assertGreater(metricsIn(theirs!).length, 0);
    // An option that is not known is an error.
    for (const [, option] of here!.matchAll(/`http: \{ (\w+)/g)) checkOptions({ http: { [option!]: undefined } });
  }
}

/** The families that a page has beside prom-client's default ones, with their labels. */
function familiesOf(page: string): Record<string, string[]> {
  const families: Record<string, string[]> = {};
  for (const [, name] of page.matchAll(/^# TYPE (\S+)/gm)) {
    if (/^(nodejs|process)_/.test(name!)) continue;
    const [, labels = ""] = new RegExp(`^${name}(?:_count)?(?:\\{(.*?)\\})? `, "m").exec(page) ?? [];
    families[name!] = Array.from(labels.matchAll(/(\w+)="/g), ([, label]) => label!).sort();
  }
  return families;
}

describe("the table of express-prom-bundle", { skip }, () => {
  const rows = rowsOf("From express-prom-bundle");
  let page: string;
  before(() => {
    page = told<string>(`
import express from "express";
import bundle from "express-prom-bundle";
const app = express();
app.use(bundle({ includeMethod: true, includePath: true }));
app.get("/users/:id", (_request, response) => response.send("x"));
const server = app.listen(0, async () => {
  const get = async (path) => await (await fetch("http://localhost:" + server.address().port + path)).text();
  for (const path of ["/users/7", "/users/made-up", "/made-up"]) await get(path);
  console.log(JSON.stringify(await get("/metrics")));
  process.exit();
});`);
  });

  it("has every metric and label", () => {
    const families = familiesOf(page);
    assertEquals(named(rows, /^`(http|up)/).sort(), Object.keys(families).sort());
    assertEquals(named(rows, /^label /).sort(), families["http_request_duration_seconds"]);
  });

  it("says what they make of paths", () => {
    const paths = Array.from(page.matchAll(/_count\{.*path="(.*?)"/g), ([, path]) => path);
    assertEquals(paths, ["/users/#val", "/users/made-up", "/made-up"]);
  });

  it("has every option, and what is here", () => {
    const options = optionsOf(
      "express-prom-bundle/types/index.d.ts",
      /(?:interface BaseOptions|type \w+Options = BaseOptions &) \{([\s\S]*?)\n {2}\}/g,
    );
    assertGreater(options.length, 20);
    assertEquals(named(rows, /^option /).sort(), [...new Set(options)].sort());
    const bundle = peers.load("express-prom-bundle") as ((options: object) => object) & object;
    const theirs = [...Object.keys(bundle), ...Object.keys(bundle({ promRegistry: new Registry() }))];
    assertEquals(named(rows, /^`(?!http|up`)/).sort(), [...new Set(theirs)].sort());
    assertHere(rows);
  });
});

describe("the table of fastify-metrics", { skip }, () => {
  const rows = rowsOf("From fastify-metrics");

  it("has every metric and label", () => {
    const families = familiesOf(told<string>(`
import Fastify from "fastify";
import metrics from "fastify-metrics";
const app = Fastify();
await app.register(metrics.default ?? metrics, { endpoint: "/metrics" });
app.get("/users/:id", () => "x");
app.route({ method: "OPTIONS", url: "/users/:id", handler: () => "x" });
await app.inject("/users/7");
await app.inject({ method: "OPTIONS", url: "/users/7" });
await app.inject("/made-up");
const page = (await app.inject("/metrics")).body;
console.log(JSON.stringify(page));
if (/^http_.*(OPTIONS|made-up|="404")/m.test(page)) process.exitCode = 1;`));
    assertEquals(named(rows, /^`http/).sort(), Object.keys(families).sort());
    assertEquals(named(rows, /^label /).sort(), families["http_request_duration_seconds"]);
  });

  it("has every option, and what is here", () => {
    const options = optionsOf("fastify-metrics/dist/types.d.ts", /interface I\w+ (?:extends .*?)?\{([\s\S]*?)\n\}/g);
    // What stands within an option that is named.
    const within = [
      "routeMetrics",
      "name",
      "help",
      "buckets",
      "method",
      "route",
      "status",
    ];
    const rest = options.filter((name) => !within.includes(name));
    const shown = [...named(rows, /^option /), ...named(rows, /^`(?!http)/)];
    assertArrayIncludes(shown, rest);
    assertArrayIncludes(options, shown);
    assertHere(rows);
  });
});

describe("the table of @fastify/under-pressure", { skip }, () => {
  const rows = rowsOf("From @fastify/under-pressure");

  it("has everything that it measures, and every option", () => {
    const measured = told<string[]>(`
import Fastify from "fastify";
import underPressure from "@fastify/under-pressure";
const app = Fastify();
await app.register(underPressure, {});
await app.ready();
console.log(JSON.stringify([...Object.keys(app.memoryUsage()), typeof app.isUnderPressure()]));
await app.close();`);
    const shown = named(rows, /^`memoryUsage/).map((code) => code.replace("memoryUsage().", ""));
    assertEquals([...shown, "boolean"].sort(), measured.sort());
    const options = optionsOf(
      "@fastify/under-pressure/types/index.d.ts",
      /interface FastifyUnderPressureOptions \{([\s\S]*?)\n {2}\}/g,
    );
    assertEquals(named(rows, /option /).filter((code) => code !== "isUnderPressure()").sort(), options.sort());
    assertHere(rows);
  });
});

describe("the table of OpenTelemetry's runtime-node", { skip }, () => {
  const rows = rowsOf("From @opentelemetry/instrumentation-runtime-node");

  it("has every metric, and no other but those of older versions", () => {
    const metrics = told<string[]>(
      `
import { RuntimeNodeInstrumentation } from "@opentelemetry/instrumentation-runtime-node";
import { AggregationTemporality, InMemoryMetricExporter, MeterProvider, PeriodicExportingMetricReader } from "@opentelemetry/sdk-metrics";
const exporter = new InMemoryMetricExporter(AggregationTemporality.CUMULATIVE);
const provider = new MeterProvider({ readers: [new PeriodicExportingMetricReader({ exporter, exportIntervalMillis: 1e6 })] });
const instrumentation = new RuntimeNodeInstrumentation({ monitoringPrecision: 10 });
instrumentation.setMeterProvider(provider);
instrumentation.enable();
const pause = () => new Promise((resolve) => setTimeout(resolve, 300));
await pause();
gc();
await pause();
await provider.forceFlush();
const scopes = exporter.getMetrics().flatMap(({ scopeMetrics }) => scopeMetrics);
console.log(JSON.stringify(scopes.flatMap(({ metrics }) => metrics.map(({ descriptor }) => descriptor.name))));
instrumentation.disable();
await provider.shutdown();`,
      "--expose-gc",
    );
    const shown = rows.filter(([theirs]) => /^`/.test(theirs!) && !/\(before \d/.test(theirs!));
    assertEquals(shown.flatMap(([theirs]) => codeIn(theirs!)).sort(), [...new Set(metrics)].sort());
  });

  it("has its options, and what is here", () => {
    const options = optionsOf(
      "@opentelemetry/instrumentation-runtime-node/dist/types.d.mts",
      /interface RuntimeNodeInstrumentationConfig .*?\{([\s\S]*?)\n\}/g,
    );
    assertEquals(named(rows, /^option /).sort(), options.sort());
    assertHere(rows);
    assert(rows.every(([theirs, here]) => metricsIn(here!).length > 0 || here === "none" || /^option/.test(theirs!)));
  });
});

import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { after, afterEach, before, describe, it } from "node:test";
import { fileURLToPath } from "node:url";
import process from "node:process";
import { assert, assertEquals, assertGreater, assertMatch, assertStringIncludes } from "@std/assert";
import { describeWith } from "../support/programs.ts";
import { type Prometheus, startPrometheus } from "../support/prometheus.ts";
import { parseStrictly } from "../support/strict_page.ts";
import { until } from "../support/until.ts";

const root = fileURLToPath(new URL("../../", import.meta.url));
const bin = (name: string): string => `${root}node_modules/.bin/${name}`;
const program = "tests/support/exemplar_program.ts";
const commands: Record<string, [string, ...string[]]> = {
  node: [process.execPath, "--import", "tsx", program],
  deno: [bin("deno"), "run", "-A", "--no-check", program],
  bun: [bin("bun"), program],
};
const traceId = "4bf92f3577b34da6a3ce929d0e0e4736";

/** Debian's packages for Python are not those of every `python3` on the path. */
const python = "/usr/bin/python3";
const missingPython: string | false =
  spawnSync(python, ["-c", "import prometheus_client.openmetrics.parser"]).status === 0
    ? false
    : "python3-prometheus-client is not installed";

/** Reads a page with the strict parser and prints its families and exemplars as JSON. */
const reader = `
import json, sys
from prometheus_client.openmetrics.parser import text_string_to_metric_families
families = list(text_string_to_metric_families(sys.stdin.buffer.read().decode("utf-8")))
print(json.dumps({
  "families": [[f.name, f.type, f.unit, len(f.samples)] for f in families],
  "traces": [s.exemplar.labels["trace_id"] for f in families for s in f.samples if s.exemplar],
}))
`;

async function start(command: readonly string[]): Promise<{ child: ChildProcess; url: string }> {
  const child = spawn(command[0]!, command.slice(1), {
    cwd: root,
    env: { ...process.env, NO_COLOR: "1", DENO_NO_UPDATE_CHECK: "1" },
    stdio: ["ignore", "pipe", "inherit"],
  });
  let output = "";
  const url = await new Promise<string>((resolve, reject) => {
    child.stdout!.on("data", (chunk) => {
      output += chunk;
      const found = /Listening on (\S+)/.exec(output)?.[1];
      if (found) resolve(found);
    });
    child.once("exit", () => reject(new Error(`the program ended before it listened: ${output}`)));
  });
  return { child, url };
}

describe("the page of each runtime, read by the programs that it is for", () => {
  const servers = new Map<string, { child: ChildProcess; url: string }>();

  before(async () => {
    for (const [name, command] of Object.entries(commands)) servers.set(name, await start(command));
  });
  after(() => {
    for (const { child } of servers.values()) child.kill("SIGKILL");
  });

  for (const name of Object.keys(commands)) {
    it(`is OpenMetrics to Python's strict parser on ${name}, exemplars included`, { skip: missingPython }, async () => {
      const headers = { accept: "application/openmetrics-text; version=1.0.0" };
      const page = await until(
        async () => await (await fetch(servers.get(name)!.url, { headers })).text(),
        (page) => page.includes(traceId) && page.includes("metrics_series"),
      );
      const { status, stdout, stderr } = spawnSync(python, ["-c", reader], { input: page, encoding: "utf8" });
      assertEquals([status, stderr], [0, ""]);
      const read = JSON.parse(stdout) as { families: [string, string, string, number][]; traces: string[] };
      // Nothing is there for the one parser and not for the other.
      assertEquals(
        read.families,
        parseStrictly(page, "openmetrics").map((
          { name, type, unit, samples },
        ) => [name, type, unit ?? "", samples.length]),
      );
      assertGreater(read.traces.length, 0);
      assertEquals([...new Set(read.traces)], [traceId]);
    });
  }

  describeWith("its Prometheus", ["prometheus", "promtool"], (generation) => {
    let prometheus: Prometheus | undefined;
    afterEach(() => prometheus?.stop());

    /** Every target is up; where the machine held a scrape up for all of its second, with the next one. */
    const assertUp = async (): Promise<void> => {
      const all = await until(() => prometheus!.targets(), (all) => all.every(({ health }) => health === "up"));
      for (const { health, lastError } of all) assertEquals([health, lastError], ["up", ""]);
    };

    for (const name of Object.keys(commands)) {
      it(`has nothing to say to promtool on ${name}`, async () => {
        const page = await (await fetch(servers.get(name)!.url)).text();
        const promtool = generation.command("promtool");
        const { status, stdout, stderr } = spawnSync(promtool, ["check", "metrics"], { input: page, encoding: "utf8" });
        assertEquals([status, stdout + stderr], [0, ""]);
      });
    }

    it(
      "is scraped in both text formats, compressed, with exemplars",
      async () => {
        const targets = [...servers].map(([server, { url }]) => ({ targets: [new URL(url).host], labels: { server } }));
        prometheus = await startPrometheus(generation, {
          global: { scrape_interval: "1s" },
          scrape_configs: [{ job_name: "page", static_configs: targets }],
        }, ["--enable-feature=exemplar-storage"]);
        const up = async (): Promise<string[]> =>
          (await prometheus!.query("up == 1")).map(({ metric }) => metric["server"]!).sort();
        assertEquals(await until(up, (names) => names.length === 3, 30), ["bun", "deno", "node"], prometheus.log());

        const exemplars = async (): Promise<Record<string, string>> => {
          const query = new URLSearchParams({
            query: "http_request_duration_seconds_bucket",
            start: String(Date.now() / 1000 - 300),
            end: String(Date.now() / 1000 + 60),
          });
          const response = await fetch(`${prometheus!.url}/api/v1/query_exemplars?${query}`);
          const { data } = await response.json() as {
            data: { seriesLabels: Record<string, string>; exemplars: { labels: Record<string, string> }[] }[];
          };
          return Object.fromEntries(
            data.map((each) => [each.seriesLabels["server"]!, each.exemplars[0]!.labels["trace_id"]!]),
          );
        };
        const kept = await until(exemplars, (found) => Object.keys(found).length === 3, 20);
        assertEquals(kept, { node: traceId, deno: traceId, bun: traceId });

        // What it was given is OpenMetrics: it learns units from nothing else.
        const metadata = await (await fetch(`${prometheus.url}/api/v1/metadata?metric=http_request_duration_seconds`))
          .json();
        assertStringIncludes(JSON.stringify(metadata), '"unit":"seconds"');
        // The series of both formats are the same: `le` is spelled alike.
        const open = await prometheus.query('count by (server) (http_request_duration_seconds_bucket{le="1.0"})');
        assertEquals(open.length, 3);
        for (const { url } of servers.values()) {
          const text = await (await fetch(url, { headers: { accept: "text/plain; version=0.0.4" } })).text();
          assertMatch(text, /http_request_duration_seconds_bucket\{[^}]*le="1\.0"\} \d+\n/);
        }
        await assertUp();
        assert(!/level=(warn|error)[^\n]*(scrape|append)/i.test(prometheus.log()), prometheus.log());
      },
    );

    // Prometheus before 2.50 reads no start times.
    const skip = isOlder(generation.version, 2, 50) && "this Prometheus reads no start times";
    it(
      "is scraped as protocol buffers where start times are read, so that no first count is lost",
      { skip },
      async () => {
        const targets = [...servers].map(([server, { url }]) => ({ targets: [new URL(url).host], labels: { server } }));
        prometheus = await startPrometheus(generation, {
          global: { scrape_interval: "1s" },
          scrape_configs: [{ job_name: "page", static_configs: targets }],
        }, ["--enable-feature=created-timestamp-zero-ingestion"]);
        const byServer = async (promql: string): Promise<Record<string, number[]>> =>
          Object.fromEntries(
            (await prometheus!.query(promql)).map(({ metric, value, values }) => [
              metric["server"]!,
              (values ?? [value!]).map(([, each]) => Number(each)),
            ]),
          );
        await until(() => byServer("up == 1"), (up) => Object.keys(up).length === 3, 30);
        // One scrape more, so that a counter that comes now was not there at the one before.
        await until(() => byServer("count_over_time(up[1m]) > 2"), (up) => Object.keys(up).length === 3, 30);
        for (const { child } of servers.values()) child.kill("SIGUSR2");
        for (const series of ["born_total", 'http_requests_total{method="POST"}']) {
          const rows = await until(
            () => byServer(`${series}[1m]`),
            (rows) => Object.values(rows).filter((values) => values.length > 4).length === 3,
            30,
          );
          // The sample of its start is a 0, and what follows is 5 at once.
          for (const [server, values] of Object.entries(rows)) {
            assertEquals(values.slice(0, 3), [0, 5, 5], `${series} of ${server}: ${values}`);
          }
          // Prometheus extends what it sees to the borders of the window, by half a scrape here.
          for (const [server, [increase]] of Object.entries(await byServer(`increase(${series}[1m])`))) {
            assert(increase! >= 5 && increase! < 7, `${series} of ${server} rose by ${increase}`);
          }
        }
        // What the process and its loop tell as running totals began before the first scrape as well.
        for (const name of ["runtime_eventloop_blocked_seconds_total", "process_cpu_seconds_total"]) {
          const rows = await byServer(`${name}[5m]`);
          assertEquals(Object.keys(rows).sort(), ["bun", "deno", "node"], name);
          for (const [server, [first, second]] of Object.entries(rows)) {
            assertEquals(first, 0, `${name} of ${server} at its start`);
            if (name.includes("blocked")) assertGreater(second!, 0.9, server);
          }
        }
        await assertUp();
        assert(!/level=(warn|error)[^\n]*(scrape|append)/i.test(prometheus.log()), prometheus.log());
      },
    );
  });
});

function isOlder(version: string, major: number, minor: number): boolean {
  const [ownMajor = 0, ownMinor = 0] = version.split(".").map(Number);
  return ownMajor < major || (ownMajor === major && ownMinor < minor);
}

// What Prometheus asks for by each configuration of docs/formats.md, and what the page is then.

import { spawnSync } from "node:child_process";
import { it } from "node:test";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { assert, assertEquals, assertGreater } from "@std/assert";
import { Registry } from "prom-client";
import { createMonitor } from "@rtm/runtime-metrics";
import { toNodeListener } from "@rtm/runtime-metrics/node";
import { freePort } from "../support/free_port.ts";
import { describeWith } from "../support/programs.ts";
import { startSystemProgram } from "../support/system_program.ts";
import { until } from "../support/until.ts";

const document = readFileSync(new URL("../../docs/formats.md", import.meta.url), "utf8");
const blocks = Array.from(
  document.matchAll(/^```yaml\n(# Prometheus [^\n]*)\n([\s\S]*?)^```$/gm),
  ([, title, text]) => ({
    title: title!,
    text: text!,
  }),
);

const protobuf = "application/vnd.google.protobuf";
const openMetrics = "application/openmetrics-text; version=1.0.0";

it("docs/formats.md says of each configuration which Prometheus it is for", () => {
  assertEquals(blocks.length, document.split("```yaml").length - 1);
  assertGreater(blocks.length, 2);
  assert(blocks.every(({ title }) => /^# Prometheus (2 and 3|3)$/.test(title)));
});

describeWith("docs/formats.md, with", ["prometheus", "promtool"], (generation) => {
  const isThree = generation.version.startsWith("3.");

  /** Has the page of a real monitor scraped, and answers the content type of what was sent and what Prometheus makes of it. */
  async function scraped(
    config: string,
    ...flags: readonly string[]
  ): Promise<{ type: string; health: string; hasClassic: boolean }> {
    const monitor = createMonitor({ registry: new Registry(), nativeHistograms: true });
    let type = "";
    const answer = monitor.instrument(async (request: Request) => {
      const page = await monitor.handler(request);
      type = page.headers.get("content-type")!;
      return page;
    });
    const server = createServer(toNodeListener(answer));
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    const target = `127.0.0.1:${(server.address() as AddressInfo).port}`;
    const port = await freePort();
    const program = await startSystemProgram({
      command: generation.command("prometheus"),
      prepare(folder) {
        const file = join(folder, "prometheus.yml");
        const ready = config.replace("api.internal:8080", target).replace(
          "/etc/prometheus/api.token",
          join(folder, "token"),
        );
        writeFileSync(join(folder, "token"), "secret");
        writeFileSync(file, `global: { scrape_interval: 1s }\n${ready}`);
        return [
          `--config.file=${file}`,
          `--storage.tsdb.path=${join(folder, "data")}`,
          `--web.listen-address=127.0.0.1:${port}`,
          ...flags,
        ];
      },
      ready: () => fetch(`http://127.0.0.1:${port}/-/ready`).then((it) => it.ok ? true : undefined, () => undefined),
    });
    try {
      const health = await until(
        async () => {
          const { data } = await (await fetch(`http://127.0.0.1:${port}/api/v1/targets`)).json() as {
            data: { activeTargets: { health: string; lastError: string }[] };
          };
          const [state] = data.activeTargets;
          return state?.health === "down" ? state.lastError : state?.health ?? "unknown";
        },
        (found) => found !== "unknown",
        20,
      );
      const query = `http://127.0.0.1:${port}/api/v1/query?query=count(runtime_eventloop_lag_seconds_bucket)`;
      const found = async (): Promise<number> =>
        ((await (await fetch(query)).json()) as { data: { result: unknown[] } }).data.result.length;
      return { type, health, hasClassic: await until(found, (rows) => rows > 0, 3) > 0 };
    } finally {
      await program.stop();
      server.closeAllConnections();
      server.close();
      monitor.stop();
    }
  }

  const plain = 'scrape_configs: [{ job_name: api, static_configs: [{ targets: ["api.internal:8080"] }] }]\n';

  it("gets OpenMetrics as it is", async () => {
    const { type, health } = await scraped(plain);
    assertEquals([type.startsWith(openMetrics), health], [true, "up"], type);
  });

  for (const feature of ["native-histograms", ...(isThree ? ["created-timestamp-zero-ingestion"] : [])]) {
    it(`gets protocol buffers with ${feature}`, async () => {
      const { type, health } = await scraped(plain, `--enable-feature=${feature}`);
      assertEquals([type.startsWith(protobuf), health], [true, "up"], type);
    });
  }

  for (const [i, { title, text }] of blocks.entries()) {
    const skip = !isThree && !title.includes("2 and 3") && "that is for Prometheus 3";
    it(`takes configuration ${i + 1}, and the page by it`, { skip }, async () => {
      const folder = mkdtempSync(join(tmpdir(), "runtime-metrics-config-"));
      try {
        const file = join(folder, "prometheus.yml");
        writeFileSync(file, text.replace("/etc/prometheus/api.token", join(folder, "token")));
        writeFileSync(join(folder, "token"), "secret");
        const { status, stdout, stderr } = spawnSync(generation.command("promtool"), ["check", "config", file], {
          encoding: "utf8",
        });
        assertEquals(status, 0, `${stdout}${stderr}`);
      } finally {
        rmSync(folder, { recursive: true });
      }
      const { type, health, hasClassic } = await scraped(text);
      assert(hasClassic, "the classic buckets of a histogram with native ones are lost");
      const expected = text.includes("[PrometheusProto") ? protobuf : openMetrics;
      assertEquals([type.startsWith(expected), health], [true, "up"], type);
      if (text.includes("underscores")) assert(type.includes("escaping=underscores"), type);
    });
  }
});

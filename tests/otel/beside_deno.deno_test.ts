// Deno alone: it measures requests by itself where OTEL_DENO is set, and exports them to wherever the environment says.

import { spawn } from "node:child_process";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { describe, it } from "node:test";
import process from "node:process";
import { fileURLToPath } from "node:url";
import { assertEquals } from "@std/assert";
import { readOtlp } from "../support/otlp_messages.ts";
import { until } from "../support/until.ts";

interface Point {
  asDouble?: number;
  count?: string;
}

interface Metric {
  name: string;
  sum?: { dataPoints: Point[] };
  histogram?: { dataPoints: Point[] };
}

describe("a pusher beside OTEL_DENO=true", () => {
  it("counts no request twice under one name, and both count all of them", async () => {
    /** The newest of each metric, by scope and name. */
    const metrics = new Map<string, Metric>();
    const services = new Set<string>();
    const server = createServer((request, response) => {
      const chunks: Uint8Array[] = [];
      request.on("data", (chunk: Uint8Array) => chunks.push(chunk));
      request.on("end", () => {
        response.end();
        if (request.url !== "/v1/metrics") return;
        const { resourceMetrics = [] } = readOtlp(Buffer.concat(chunks)) as {
          resourceMetrics?: {
            resource: { attributes: { key: string; value: { stringValue: string } }[] };
            scopeMetrics: { scope: { name: string }; metrics: Metric[] }[];
          }[];
        };
        for (const { resource, scopeMetrics } of resourceMetrics) {
          services.add(resource.attributes.find(({ key }) => key === "service.name")!.value.stringValue);
          for (const { scope, metrics: told } of scopeMetrics) {
            for (const each of told) metrics.set(`${scope.name} ${each.name}`, each);
          }
        }
      });
    });
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    const program = fileURLToPath(new URL("../support/otel_deno_program.ts", import.meta.url));
    const child = spawn(process.execPath, ["run", "-A", program], {
      stdio: ["ignore", "ignore", "pipe"],
      env: {
        ...process.env,
        OTEL_DENO: "true",
        OTEL_SERVICE_NAME: "api",
        OTEL_METRIC_EXPORT_INTERVAL: "1000",
        OTEL_EXPORTER_OTLP_ENDPOINT: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
      },
    });
    let log = "";
    child.stderr.on("data", (chunk: Uint8Array) => log += chunk);
    try {
      const [ours, theirs] = ["@rtm/runtime-metrics http_requests_total", "deno http.server.request.duration"];
      const total = (points: Point[] = []): number =>
        points.reduce((sum, { asDouble, count }) => sum + Number(asDouble ?? count), 0);
      // Either may be exported while the requests go on, and is then again.
      const totals = (): number[] => [
        total(metrics.get(ours)?.sum?.dataPoints),
        total(metrics.get(theirs)?.histogram?.dataPoints),
      ];
      await until(() => Promise.resolve(totals()), (told) => Math.min(...told) >= 3, 60);
      const names = [...metrics.keys()].map((key) => key.slice(key.indexOf(" ") + 1));
      assertEquals(totals(), [3, 3], `${names}\n${log}`);
      // No name is in both scopes, so that nothing adds the two up.
      assertEquals(names.length, new Set(names).size);
      assertEquals([...services], ["api"]);
    } finally {
      child.kill("SIGKILL");
      server.closeAllConnections();
      server.close();
    }
  });
});

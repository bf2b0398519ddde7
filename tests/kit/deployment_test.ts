import { describe, it } from "node:test";
import { spawnSync } from "node:child_process";
import { cpSync, existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { parse } from "yaml";
import { readKit, readRepository } from "../support/kit.ts";

const root = fileURLToPath(new URL("../../", import.meta.url));
const missing = (program: string): string | false =>
  spawnSync(program, ["--version"]).error ? `${program} is not installed` : false;

function check(program: string, ...args: string[]): string {
  const { status, stdout, stderr } = spawnSync(program, args, { cwd: root, encoding: "utf8" });
  assertEquals(status, 0, stdout + stderr);
  return stdout + stderr;
}

interface Compose {
  services: Record<string, { image: string; volumes: string[]; ports: string[] }>;
}

const files = readdirSync(`${root}examples`, { recursive: true, encoding: "utf8" })
  .filter((path) => path.endsWith(".yml")).map((path) => `examples/${path.replaceAll("\\", "/")}`).sort();

describe("the deployment files", () => {
  it("are all here", () => {
    assertEquals(files, [
      "examples/alertmanager.yml",
      "examples/compose/compose.yml",
      "examples/compose/prometheus.yml",
      "examples/compose/provisioning/dashboards.yml",
      "examples/compose/provisioning/datasource.yml",
      "examples/copies/prometheus.yml",
      "examples/kubernetes/prometheus_rule.yml",
      "examples/kubernetes/service_monitor.yml",
      "examples/prometheus.yml",
    ]);
  });

  for (const file of files) {
    it(`are YAML and say what was run of them: ${file}`, () => {
      const text = readRepository(file);
      assert(parse(text) !== null);
      assertMatch(text, /^# (.*\. )?(Not run|Run) here: /m);
    });
  }

  it("scrape every 15 s, the service and Prometheus itself", () => {
    const { global, scrape_configs: jobs } = parse(readRepository("examples/prometheus.yml")) as {
      global: { scrape_interval: string };
      scrape_configs: { job_name: string }[];
    };
    assertEquals([global.scrape_interval, jobs.map(({ job_name: name }) => name)], ["15s", ["api", "prometheus"]]);
  });

  it("discover the copies of one service, as the docs say", { skip: missing("promtool") }, () => {
    const output = check("promtool", "check", "config", "examples/copies/prometheus.yml");
    assertStringIncludes(output, "SUCCESS");
    interface Jobs {
      scrape_configs: { job_name: string }[];
    }
    const text = /```yaml\n(.*?)```/s.exec(readRepository("docs/copies.md"))![1]!;
    const { scrape_configs: said } = parse(text) as Jobs;
    const { scrape_configs: all } = parse(readRepository("examples/copies/prometheus.yml")) as Jobs;
    assertEquals(said, all.filter(({ job_name: name }) => said.some(({ job_name }) => job_name === name)));
    assertEquals(said.map(({ job_name: name }) => name), ["api-in-a-row", "api-by-files"]);
  });

  it("are taken by promtool", { skip: missing("promtool") }, () => {
    const output = check("promtool", "check", "config", "examples/prometheus.yml");
    assertStringIncludes(output, `SUCCESS: ${readKit().rules.length} rules found`);
  });

  it("are taken by promtool as Compose mounts them", { skip: missing("promtool") }, () => {
    const folder = mkdtempSync(join(tmpdir(), "runtime-metrics-compose-"));
    try {
      const { volumes } = (parse(readRepository("examples/compose/compose.yml")) as Compose).services["prometheus"]!;
      for (const volume of volumes) {
        const [from, to] = volume.split(":");
        const target = join(folder, to!);
        mkdirSync(dirname(target), { recursive: true });
        cpSync(join(root, "examples/compose", from!), target);
      }
      const output = check("promtool", "check", "config", join(folder, "etc/prometheus/prometheus.yml"));
      assertStringIncludes(output, `SUCCESS: ${readKit().rules.length} rules found`);
    } finally {
      rmSync(folder, { recursive: true });
    }
  });

  it("are taken by amtool", { skip: missing("amtool") }, () => {
    assertStringIncludes(check("amtool", "check-config", "examples/alertmanager.yml"), "2 receivers");
  });

  it("silence a warning by the labels that critical alerts share with it", () => {
    const [rule] = (parse(readRepository("examples/alertmanager.yml")) as { inhibit_rules: { equal: string[] }[] })
      .inhibit_rules;
    const grouped = readKit().rules.flatMap(({ alert, expr }) =>
      alert ? expr.match(/by \(([\w, ]+)\)/)?.[1] ?? [] : []
    );
    const labels = grouped.flatMap((list) => list.split(", ")).filter((label) =>
      !["le", "metric", "source"].includes(label)
    );
    for (const label of ["signal", ...labels]) assert(rule!.equal.includes(label), label);
  });

  it("mount what is there, and where Grafana is told to look", () => {
    const { services } = parse(readRepository("examples/compose/compose.yml")) as Compose;
    for (const { volumes } of Object.values(services)) {
      for (const volume of volumes) assert(existsSync(join(root, "examples/compose", volume.split(":")[0]!)), volume);
    }
    const { providers: [provider] } = parse(readRepository("examples/compose/provisioning/dashboards.yml")) as {
      providers: [{ options: { path: string } }];
    };
    const dashboard = services["grafana"]!.volumes.find((volume) => volume.includes("grafana/runtime-metrics.json"))!;
    assertEquals(dirname(dashboard.split(":")[1]!), provider.options.path);
  });

  it("name services of the Compose network by their names and ports", () => {
    const { services } = parse(readRepository("examples/compose/compose.yml")) as Compose;
    const texts = ["prometheus.yml", "provisioning/datasource.yml"].map((file) =>
      readRepository(`examples/compose/${file}`)
    );
    for (const [name, port] of [["app", 3000], ["alertmanager", 9093], ["prometheus", 9090]] as const) {
      assertMatch(texts.join("\n"), new RegExp(`\\b${name}:${port}\\b`));
      assert(services[name]!.ports.includes(`${port}:${port}`), name);
    }
  });

  it("let Kubernetes find the page", () => {
    const monitor = parse(readRepository("examples/kubernetes/service_monitor.yml")) as {
      kind: string;
      spec: { endpoints: { path: string; interval: string }[] };
    };
    assertEquals(monitor.kind, "ServiceMonitor");
    assertEquals(monitor.spec.endpoints.map(({ path, interval }) => [path, interval]), [["/metrics", "15s"]]);
  });
});

import { after, before, it } from "node:test";
import { spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { parse } from "yaml";
import { createKit } from "../../scripts/kit/files.ts";
import type { KitOptions } from "../../scripts/kit/options.ts";
import { panelsOf, readKit } from "../support/kit.ts";
import { describeWith } from "../support/programs.ts";
import { withoutGrafana } from "../support/promql_names.ts";

const root = fileURLToPath(new URL("../../", import.meta.url));

describeWith("the rules and promtool", ["promtool"], (generation) => {
  function promtool(...args: string[]): { status: number | null; output: string } {
    const { status, stdout, stderr } = spawnSync(generation.command("promtool"), args, { cwd: root, encoding: "utf8" });
    return { status, output: stdout + stderr };
  }

  let folder: string;
  before(() => {
    folder = mkdtempSync(join(tmpdir(), "runtime-metrics-rules-"));
  });
  after(() => rmSync(folder, { recursive: true }));

  function writeKit(name: string, options: KitOptions): string {
    for (const { path, text } of createKit(options)) {
      mkdirSync(dirname(join(folder, name, path)), { recursive: true });
      writeFileSync(join(folder, name, path), text);
    }
    return join(folder, name);
  }

  it("takes the rules", () => {
    const { status, output } = promtool("check", "rules", "alerts/runtime-metrics.yml");
    assertEquals(status, 0, output);
    assertStringIncludes(output, `SUCCESS: ${readKit().rules.length} rules found`);
  });

  it("finds each alert silent just below its threshold, and firing just above it when its time has come", () => {
    const { status, output } = promtool("test", "rules", "alerts/runtime-metrics.test.yml");
    assertEquals(status, 0, output);
    assertStringIncludes(output, "SUCCESS");
  });

  it("finds the same of one's own names, labels and numbers", () => {
    const path = writeKit("own", {
      prefix: "myapp_",
      httpPrefix: "shop_",
      jobs: ["api", "worker.2"],
      labels: ["namespace"],
      runbook: "https://wiki.example/runbook",
      httpBuckets: [0.1, 0.3, 1],
      thresholds: {
        lag_warning: 0.075,
        lag_warning_for: 100,
        lag_critical: 4.4,
        held_warning: 0.11,
        throttled_warning: 0.3,
        throttled_warning_for: 0,
        hang_warning: 7.5,
        hang_critical: 8,
        saturation_critical_for: 0,
        pool_wait_warning: 0.003,
        pool_wait_critical: 49,
        availability_objective: 0.9995,
        latency_objective: 0.95,
        latency_slow: 1,
        bad_requests_least: 20,
        down_critical_for: 20,
      },
    });
    const { status, output } = promtool("test", "rules", join(path, "alerts/runtime-metrics.test.yml"));
    assertEquals(status, 0, output);
  });

  for (
    const [what, alert, from, to] of [
      ["a threshold", "RuntimeEventLoopLagHigh", "> 0.05\n", "> 0.0515\n"],
      ["a wait", "RuntimeEventLoopLagCritical", "for: 30s", "for: 45s"],
      ["a condition", "RuntimeCpuThrottled", "< 0.5)", "< 5)"],
      ["who is told to hang", "RuntimeEventLoopHangs", "(up) == 0", "(up) >= 0"],
      ["a factor", "RuntimeErrorBudgetBurnFast", "> 14.4 * 0.001", "> 15 * 0.001"],
      ["a copy's state", "RuntimeCopyLate", 'state="late"', 'state="ended"'],
      ["a description", "RuntimePoolSaturationHigh", "humanizePercentage", "humanize"],
    ] as const
  ) {
    it(`finds out when ${what} is another`, () => {
      const path = writeKit(what.replaceAll(" ", "-"), {});
      const [rules, tests] = [join(path, "alerts/runtime-metrics.yml"), join(path, "alerts/runtime-metrics.test.yml")];
      // The tests of that alert alone, since each of them takes a tenth of a second and more.
      const all = parse(readFileSync(tests, "utf8")) as { tests: { name: string }[] };
      const own = all.tests.filter(({ name }) => name.startsWith(`${alert}:`));
      writeFileSync(tests, JSON.stringify({ ...all, tests: own }));
      assertEquals(promtool("test", "rules", tests).status, 0);

      const text = readFileSync(rules, "utf8");
      assert(text.includes(from), from);
      writeFileSync(rules, text.replace(from, to));
      const { status, output } = promtool("test", "rules", tests);
      assertEquals(status, 1, output);
      assertStringIncludes(output, "FAILED");
    });
  }

  it("takes the expression of each panel", () => {
    const rules = panelsOf(readKit().dashboard).flatMap(({ id, targets }) =>
      targets!.map(({ refId, expr }) => ({ record: `panel:${id}:${refId}`, expr: withoutGrafana(expr) }))
    );
    const path = join(folder, "panels.yml");
    writeFileSync(path, JSON.stringify({ groups: [{ name: "panels", rules }] }));
    const { status, output } = promtool("check", "rules", path);
    assertEquals(status, 0, output);
    assertStringIncludes(output, `SUCCESS: ${rules.length} rules found`);
  });
});

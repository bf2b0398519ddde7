/**
 * Writes the generated files: `tsx scripts/generate.ts`. With `--check` it only fails when one of them is stale.
 *
 * @module
 */

import { execFileSync } from "node:child_process";
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";
import { fileURLToPath } from "node:url";
import { renderComparison, renderCost, renderToolComparison } from "./cost_table.ts";
import { renderAlertTable } from "./kit/alert_table.ts";
import { createKit } from "./kit/files.ts";
import { renderLiveAssets } from "./live_assets.ts";
import { renderLiveSignals } from "./live_signals.ts";
import { renderAbsenceTable, renderMetricTable } from "./metric_table.ts";
import { renderOptions } from "./options_table.ts";
import { renderParityTable } from "./parity_table.ts";
import { renderPoolTable } from "./pool_table.ts";
import { renderSemanticTable } from "./semantic_table.ts";
import { renderWatchThread } from "./watch_thread_text.ts";

interface Output {
  path: string;
  /** From the file's text so far (empty for a new file) to the text that it must have; pure. */
  render(before: string): string;
}

const root = fileURLToPath(new URL("..", import.meta.url));

/** Where a file of the kit stands in this repository, if not under its own path. */
const repositoryPaths: Readonly<Record<string, string>> = {
  "runbook.md": "docs/runbook.md",
  "kubernetes/prometheus_rule.yml": "examples/kubernetes/prometheus_rule.yml",
};

const results = readFileSync(`${root}bench/RESULTS.md`, "utf8");

/** What is written between the markers of each document. */
const documents: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  "README.md": { comparison: renderToolComparison(results) },
  "docs/alerts.md": { alerts: renderAlertTable() },
  "docs/cost.md": { cost: renderCost(results, ["A request", "Idle", "Throughput"]) },
  "docs/from_python.md": { parity: renderParityTable() },
  "docs/lag.md": { comparison: renderComparison(results) },
  "docs/metrics.md": { metrics: renderMetricTable(), absent: renderAbsenceTable() },
  "docs/pools.md": { pools: renderPoolTable() },
  "docs/opentelemetry.md": { conventions: renderSemanticTable() },
};

const outputs: Output[] = [
  { path: "src/live/assets.ts", render: (before) => formatted("ts", renderLiveAssets(before)) },
  { path: "src/live/signals.ts", render: () => formatted("ts", renderLiveSignals()) },
  ...Object.entries(documents).map(([path, sections]): Output => ({
    path,
    render: (before) =>
      formatted(
        "md",
        Object.entries(sections).reduce((text, [name, content]) => section(text, name, content), before),
      ),
  })),
  { path: "docs/options.md", render: () => formatted("md", renderOptions()) },
  { path: "src/stalls/watch_thread_text.ts", render: () => formatted("ts", renderWatchThread()) },
  ...createKit().map(({ path, text }): Output => ({
    path: repositoryPaths[path] ?? path,
    render: () => formatted(path.slice(path.lastIndexOf(".") + 1), text),
  })),
];

const checkOnly = process.argv.includes("--check");

for (const { path, render } of outputs) {
  const file = root + path;
  const before = existsSync(file) ? readFileSync(file, "utf8") : "";
  const after = render(before);
  if (after === before) continue;
  if (checkOnly) {
    console.error(`${path} is stale: run npm run generate`);
    process.exitCode = 1;
  } else {
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, after);
    console.log(`${path} written`);
  }
}

/** Replaces what stands between the markers of a section. */
function section(text: string, name: string, content: string): string {
  const [begin, end] = [`<!-- begin ${name} -->`, `<!-- end ${name} -->`];
  const [from, to] = [text.indexOf(begin), text.indexOf(end)];
  if (from < 0 || to < from) throw new Error(`Cannot write section: "${begin}" and "${end}" must stand in the file`);
  return `${text.slice(0, from + begin.length)}\n\n${content}\n\n${text.slice(to)}`;
}

/** As `deno fmt` writes it, so that a generated file is never reformatted. */
function formatted(extension: string, text: string): string {
  return execFileSync(`${root}node_modules/.bin/deno`, ["fmt", "--ext", extension, "-"], {
    cwd: root,
    input: text,
    encoding: "utf8",
    stdio: ["pipe", "pipe", "inherit"],
  });
}

/**
 * Draws docs/dashboard.png: the dashboard over a real Prometheus that scrapes the demo on Node, Deno and Bun, with what
 * each panel's own query answers. Not Grafana: a small page with uPlot, which reads titles, places, units, thresholds
 * and queries from grafana/runtime-metrics.json. Takes four minutes; needs `prometheus` and `chromium`.
 *
 *     tsx scripts/draw_dashboard.ts [seconds of traffic]
 *
 * @module
 */

import { readFileSync, writeFileSync } from "node:fs";
import process from "node:process";
import { setTimeout as delay } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { chromium } from "playwright-core";
import { generationsOf } from "../tests/support/programs.ts";
import { type Prometheus, type Result, startPrometheus } from "../tests/support/prometheus.ts";
import { type Demo, type DemoRuntime, startDemo } from "../tests/support/server.ts";

const root = fileURLToPath(new URL("..", import.meta.url));
const width = 1360;
const trafficSeconds = Number(process.argv[2] ?? 200);
const scrapeSeconds = 2;
/** What the start of three programs at once does to a machine is left out. */
const windowSeconds = trafficSeconds - 45;

interface Panel {
  type: string;
  targets?: { expr: string; legendFormat: string }[];
  /** What the queries answer, one for each target. */
  answers?: Result[][];
}

/** A day of a service in minutes: steady traffic, a full pool, a failing route, and stalls. */
async function visit(demos: ReadonlyMap<DemoRuntime, Demo>, until: number): Promise<void> {
  const ask = (url: string): void => void fetch(url).then((response) => response.arrayBuffer(), () => {});
  const begin = Date.now();
  let round = 0;
  while (Date.now() < until) {
    const share = (Date.now() - begin) / (until - begin);
    for (const [runtime, { url }] of demos) {
      for (let i = 0; i < 2 + 3 * Math.sin(share * Math.PI); i++) ask(`${url}/users/${round + i}`);
      if (round % 4 === 0) ask(`${url}/limited`);
      if (round % 6 === 0) ask(`${url}/books/${1 + round % 9}`);
      if (round % 10 === 0) ask(`${url}/relay`);
      if (round % 20 === 0) ask(`${url}/work?ms=20`);
      if (round % 10 === 0) ask(`${url}/stream?ms=${200 + 300 * share}`);
      if (round % 40 === 0) ask(`${url}/pool?jobs=2`);
      if (share > 0.3 && share < 0.45) { for (let i = 0; i < 6; i++) ask(`${url}/limited`); }
      if (share > 0.6 && share < 0.66 && runtime === "bun" && round % 3 === 0) ask(`${url}/boom`);
      if (share > 0.72 && share < 0.8 && runtime === "deno" && round % 8 === 0) ask(`${url}/block?ms=140`);
      if (share > 0.5 && share < 0.53 && runtime === "node" && round % 8 === 0) ask(`${url}/block?ms=320`);
    }
    round++;
    await delay(150);
  }
}

async function answer(prometheus: Prometheus, panel: Panel, end: number): Promise<void> {
  const step = Math.max(scrapeSeconds, Math.round(windowSeconds / 120));
  panel.answers = await Promise.all((panel.targets ?? []).map(async ({ expr }) => {
    const query = expr.replaceAll("$__rate_interval", "20s").replaceAll("$job", "api").replaceAll("$instance", ".+")
      .replaceAll("$copy", ".*");
    const range = new URLSearchParams({ query, start: `${end - windowSeconds}`, end: `${end}`, step: `${step}` });
    if (panel.type !== "timeseries" && panel.type !== "heatmap") return await prometheus.query(query);
    const response = await fetch(`${prometheus.url}/api/v1/query_range?${range}`);
    const { data, error } = await response.json() as { data?: { result: Result[] }; error?: string };
    if (!data) throw new Error(`Cannot draw dashboard: ${query}: ${error}`);
    return data.result;
  }));
}

/** The page: the dashboard with its answers, and all that draws them. */
function renderPage(dashboard: object): string {
  const read = (path: string): string => readFileSync(root + path, "utf8");
  return `<!doctype html><meta charset="utf-8"><style>${read("node_modules/uplot/dist/uPlot.min.css")}
${read("scripts/picture/page.css")}</style><body><script>${read("node_modules/uplot/dist/uPlot.iife.min.js")}</script>
<script>const dashboard = ${JSON.stringify(dashboard).replaceAll("<", "\\u003c")};</script>
<script>${read("scripts/picture/page.js")}</script></body>`;
}

async function draw(html: string): Promise<void> {
  const browser = await chromium.launch({ executablePath: "/usr/bin/chromium", args: ["--no-sandbox"] });
  try {
    const page = await browser.newPage({ viewport: { width, height: 800 } });
    page.on("pageerror", (error) => console.error(error));
    await page.setContent(html, { waitUntil: "load" });
    writeFileSync(`${root}docs/dashboard.png`, await page.screenshot({ fullPage: true, type: "png" }));
  } finally {
    await browser.close();
  }
}

const demos = new Map<DemoRuntime, Demo>();
let prometheus: Prometheus | undefined;
try {
  for (const runtime of ["node", "deno", "bun"] as const) demos.set(runtime, await startDemo(runtime));
  prometheus = await startPrometheus(generationsOf("prometheus")[0]!, {
    global: { scrape_interval: `${scrapeSeconds}s` },
    scrape_configs: [{
      job_name: "api",
      static_configs: [...demos].map(([runtime, { url }]) => ({
        targets: [new URL(url).host.replace("localhost", "127.0.0.1")],
        labels: { instance: `api-${runtime}` },
      })),
    }],
  });
  await visit(demos, Date.now() + trafficSeconds * 1000);
  const end = Date.now() / 1000;
  const dashboard = JSON.parse(readFileSync(`${root}grafana/runtime-metrics.json`, "utf8")) as { panels: Panel[] };
  for (const panel of dashboard.panels) await answer(prometheus, panel, end);
  const html = renderPage(dashboard);
  if (process.env["KEEP_PAGE"]) writeFileSync(process.env["KEEP_PAGE"], html);
  await draw(html);
  console.log("docs/dashboard.png written");
} finally {
  await Promise.allSettled([prometheus?.stop(), ...[...demos.values()].map((demo) => demo.stop())]);
}

/**
 * docs/options.md: every option with its kind and default from its table, and its meaning from its type's comment, which
 * tells its kind as well where no error does.
 *
 * @module
 */

import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import ts from "typescript";
import { callOptions } from "../src/calls/services.ts";
import type { Option, OptionTable } from "../src/check.ts";
import { middlewareOptions } from "../src/hono/middleware.ts";
import { joinOptions } from "../src/copies/options.ts";
import { otelOptions } from "../src/otel/options.ts";
import { liveOptions } from "../src/live/options.ts";
import { fromPythonOptions, httpOptions } from "../src/http/option_table.ts";
import { instrumentOptions } from "../src/monitor/instrument.ts";
import { frameworkOptions } from "../src/node/framework_listener.ts";
import { listenerOptions } from "../src/node/instrument_listener.ts";
import { collectOptions, monitorOptions } from "../src/monitor/option_table.ts";
import { expositionOptions } from "../src/page/option_table.ts";
import { pusherOptions } from "../src/push/check_pusher.ts";
import { stallOptions } from "../src/stalls/stall_options.ts";
import { metricsServerOptions } from "../src/server/metrics_server.ts";
import { watchdogOptions, watchdogServerOptions } from "../src/stalls/watchdog_options.ts";

const root = fileURLToPath(new URL("..", import.meta.url));

interface Group {
  title: string;
  /** The interface, and the file that declares it. */
  type: string;
  file: string;
  table: OptionTable<never>;
  /** What stands before the table. */
  intro?: string;
}

const groups: readonly Group[] = [
  { title: "`createMonitor`", type: "MonitorOptions", file: "src/monitor/options.ts", table: monitorOptions },
  { title: "`collect`", type: "CollectOptions", file: "src/monitor/options.ts", table: collectOptions },
  { title: "`http`", type: "HttpOptions", file: "src/http/options.ts", table: httpOptions },
  {
    title: "`http.fromPython`",
    type: "FromPythonOptions",
    file: "src/http/options.ts",
    table: fromPythonOptions,
    intro: "For those who [come from a package of Python's](from_python.md), and expect what it has.",
  },
  { title: "`exposition`", type: "ExpositionOptions", file: "src/page/options.ts", table: expositionOptions },
  {
    title: "`runtimeMetrics`",
    type: "RuntimeMetricsOptions",
    file: "src/hono/middleware.ts",
    table: middlewareOptions,
  },
  {
    title: "`expressMetrics`, `fastifyMetrics`, `koaMetrics`, `elysiaMetrics`",
    type: "FrameworkMetricsOptions",
    file: "src/node/framework_listener.ts",
    table: frameworkOptions,
  },
  {
    title: "`monitor.instrument`",
    type: "InstrumentOptions",
    file: "src/monitor/instrument.ts",
    table: instrumentOptions,
  },
  {
    title: "`instrumentListener`",
    type: "InstrumentListenerOptions",
    file: "src/node/instrument_listener.ts",
    table: listenerOptions,
  },
  { title: "`measureCalls`", type: "CallOptions", file: "src/calls/services.ts", table: callOptions },
  {
    title: "`createMetricsServer`",
    type: "MetricsServerOptions",
    file: "src/server/metrics_server.ts",
    table: metricsServerOptions,
  },
  { title: "`recordStalls`", type: "StallOptions", file: "src/stalls/stall_options.ts", table: stallOptions },
  { title: "`watchdog`", type: "WatchdogOptions", file: "src/stalls/watchdog_options.ts", table: watchdogOptions },
  {
    title: "`watchdog`'s `server`",
    type: "WatchdogServerOptions",
    file: "src/stalls/watchdog_options.ts",
    table: watchdogServerOptions,
  },
  { title: "`joinCopies`", type: "JoinOptions", file: "src/copies/options.ts", table: joinOptions },
  { title: "`metricProducer`", type: "MetricProducerOptions", file: "src/otel/options.ts", table: otelOptions },
  { title: "`livePage`", type: "LivePageOptions", file: "src/live/options.ts", table: liveOptions },
  { title: "`createPusher`", type: "PusherOptions", file: "src/push/options.ts", table: pusherOptions },
];

/** What the comment of an option says: its meaning, and its default with the reason. */
export interface Said {
  meaning: string;
  /** What it may be, where no error says it so. */
  kind?: string;
  /** Between the braces of `@default`; undefined where there is none. */
  fallback?: string;
  because?: string;
}

/** Reads the comments of an interface's members. */
export function readComments(file: string, type: string): Map<string, Said> {
  const source = ts.createSourceFile(file, readFileSync(root + file, "utf8"), ts.ScriptTarget.Latest, true);
  const found = source.statements.find((each): each is ts.InterfaceDeclaration =>
    ts.isInterfaceDeclaration(each) && each.name.text === type
  );
  if (!found) throw new Error(`Cannot read options: ${file} declares no ${type}`);
  const text = (comment: string | ts.NodeArray<ts.JSDocComment> | undefined): string =>
    (ts.getTextOfJSDocComment(comment) ?? "").replace(/\s*\n\s*/g, " ").trim();
  return new Map(found.members.map((member) => {
    const [comment] = ts.getJSDocCommentsAndTags(member).filter(ts.isJSDoc);
    const tagged = (name: string): string => text(comment?.tags?.find(({ tagName }) => tagName.text === name)?.comment);
    const tag = tagged("default");
    const [, fallback, because] = /^\{(.*?)\}(?:\s+(.*))?$/.exec(tag.replace(/^\{\{\}\}/, "{{\u200b}")) ?? [];
    const said: Said = { meaning: text(comment?.comment) };
    if (tagged("kind")) said.kind = tagged("kind");
    if (fallback !== undefined) said.fallback = fallback.replace("{\u200b", "{}");
    if (because) said.because = because;
    return [member.name!.getText(source), said];
  }));
}

function row(name: string, { is }: Option, { meaning, kind = is, fallback, because }: Said): string {
  const cell = (value: string): string => value.replaceAll("|", "\\|");
  const shown = fallback === undefined || fallback === "undefined"
    ? ""
    : fallback.includes("`")
    ? fallback
    : `\`${fallback}\``;
  return `| \`${name}\` | ${cell(kind ?? "options of their own")} | ${
    cell([shown, because].filter(Boolean).join(" "))
  } | ${cell(meaning)} |`;
}

/** Every group of options, in the order in which people meet them. */
export function optionGroups(): readonly (Group & { said: Map<string, Said> })[] {
  return groups.map((each) => ({ ...each, said: readComments(each.file, each.type) }));
}

/** Writes docs/options.md. */
export function renderOptions(): string {
  const head = "| option | what it may be | default | what it does |\n| --- | --- | --- | --- |\n";
  const sections = optionGroups().map(({ title, table, said, intro }) => {
    const rows = Object.entries<Option>(table).map(([name, option]) => row(name, option, said.get(name)!));
    return `## ${title}\n\n${intro ? `${intro}\n\n` : ""}${head}${rows.join("\n")}\n`;
  });
  return "# Options\n\nEvery option of every door. What is unknown or of the wrong kind is refused at once, by a " +
    "sentence that says what was expected and what came. This page is generated by `npm run generate`.\n\n" +
    sections.join("\n");
}

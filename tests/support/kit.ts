import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { parse } from "yaml";
import { createKit } from "../../scripts/kit/files.ts";
import type { KitOptions } from "../../scripts/kit/options.ts";

/** One rule as Prometheus reads it: an alert or a recording. */
export interface Rule {
  alert?: string;
  record?: string;
  expr: string;
  for?: string;
  labels?: Record<string, string>;
  annotations?: Record<string, string>;
}

export interface RuleFile {
  groups: { name: string; rules: Rule[] }[];
}

/** What the tests read of a panel as Grafana takes it. */
export interface GrafanaPanel {
  id: number;
  type: string;
  title: string;
  description?: string;
  gridPos: { x: number; y: number; w: number; h: number };
  datasource?: { type: string; uid: string };
  targets?: { refId: string; expr: string; legendFormat?: string; datasource: { uid: string } }[];
  fieldConfig?: { defaults: { unit?: string; thresholds?: { steps: { value: number | null; color: string }[] } } };
  links?: { url: string }[];
  panels?: GrafanaPanel[];
}

/** What the tests read of a dashboard. */
export interface Dashboard {
  uid: string;
  title: string;
  refresh: string;
  time: { from: string; to: string };
  panels: GrafanaPanel[];
  templating: {
    list: {
      name: string;
      type: string;
      query: string | { query: string };
      multi?: boolean;
      includeAll?: boolean;
      allValue?: string;
      current?: { value: string[] };
    }[];
  };
  annotations: { list: { expr?: string; datasource?: { uid: string } }[] };
}

/** A kit, read back by other people's parsers. */
export interface ReadKit {
  dashboard: Dashboard;
  rules: Rule[];
  ruleFile: RuleFile;
  runbook: string;
  text(path: string): string;
}

const root = fileURLToPath(new URL("../../", import.meta.url));

/** A file of this repository. */
export const readRepository = (path: string): string => readFileSync(root + path, "utf8");

/** Makes a kit and reads it back. */
export function readKit(options: KitOptions = {}): ReadKit {
  const files = new Map(createKit(options).map(({ path, text }) => [path, text]));
  const text = (path: string): string => {
    const found = files.get(path);
    if (found === undefined) throw new Error(`Cannot read kit: ${path} is not in it`);
    return found;
  };
  const ruleFile = parse(text("alerts/runtime-metrics.yml")) as RuleFile;
  return {
    dashboard: JSON.parse(text("grafana/runtime-metrics.json")) as Dashboard,
    rules: ruleFile.groups.flatMap(({ rules }) => rules),
    ruleFile,
    runbook: text("runbook.md"),
    text,
  };
}

/** Every panel with something on it, those of folded rows as well. */
export function panelsOf({ panels }: Pick<Dashboard, "panels">): GrafanaPanel[] {
  return panels.flatMap((panel) => panel.type === "row" ? panelsOf({ panels: panel.panels ?? [] }) : [panel]);
}

/** The fragments of a document's headings, as GitHub makes them. */
export function anchorsOf(markdown: string): Set<string> {
  return new Set(
    [...markdown.matchAll(/^#+ (.+)$/gm)].map(([, title]) =>
      title!.toLowerCase().replace(/[^\w\- ]/g, "").replaceAll(" ", "-")
    ),
  );
}

/** What there is, each once and in order. */
export const unique = (words: Iterable<string>): string[] => [...new Set(words)].sort();

/**
 * Grafana's dashboard, written from the panels.
 *
 * The data source is a variable, so one file serves the upload in Grafana's UI and provisioning alike: an `__inputs`
 * would be asked for by the former alone, and never be filled in by the latter.
 *
 * @module
 */

import {
  AnnotationQueryBuilder,
  type Dashboard,
  DashboardBuilder,
  DashboardCursorSync,
  DashboardLinkBuilder,
  DashboardLinkType,
  DatasourceVariableBuilder,
  QueryVariableBuilder,
  RowBuilder,
  VariableRefresh,
  VariableSort,
} from "@grafana/grafana-foundation-sdk/dashboard";
import type { KitSettings } from "./options.ts";
import { buildPanel, datasource, type PlacedPanel } from "./panel_builders.ts";
import type { PanelRow } from "./panel.ts";
import { createPanelRows } from "./panels.ts";
import { createPromql } from "./promql.ts";
import { createSignals } from "../signals.ts";

/** Grafana's grid has this many columns. */
const columns = 24;

/**
 * Writes the dashboard.
 *
 * @param settings The user's names and numbers.
 * @returns JSON.
 */
export function renderDashboard(settings: KitSettings): string {
  return `${JSON.stringify(buildDashboard(settings), null, 2)}\n`;
}

function buildDashboard(settings: KitSettings): Dashboard {
  const { prefix, httpPrefix, jobs } = settings;
  const own = prefix === "runtime_" ? "" : prefix.replace(/[_:]+$/, "");
  const promql = createPromql({ prefix, httpPrefix, matchers: [] });
  const uptime = `${promql.name("uptime_seconds")}{job=~"$job", instance=~"$instance"}`;
  const dashboard = new DashboardBuilder(own ? `Runtime metrics: ${own}` : "Runtime metrics")
    .uid(own ? `runtime-metrics-${own.replaceAll(/[_:]/g, "-").slice(0, 20)}` : "runtime-metrics")
    .description(
      "Event loop, pending work, pools and HTTP requests of JavaScript processes on Node, Deno and Bun. Written by " +
        "`runtime-metrics kit`, with the numbers of the alerts.",
    )
    .tags(["runtime-metrics", "nodejs", "deno", "bun", "prometheus"])
    .refresh("10s")
    .time({ from: "now-1h", to: "now" })
    .timezone("browser")
    .tooltip(DashboardCursorSync.Crosshair)
    .editable()
    .link(
      new DashboardLinkBuilder("Runbook").type(DashboardLinkType.Link).url(settings.runbook).targetBlank(true)
        .icon("doc"),
    )
    .withVariable(new DatasourceVariableBuilder("datasource").label("Data source").type("prometheus"))
    .withVariable(variable("job", "Job", `label_values(${promql.name("info")}, job)`, jobs))
    .withVariable(
      variable("instance", "Instance", `label_values(${promql.name("info")}{job=~"$job"}, instance)`, []),
    )
    .withVariable(
      // All of them are also those that have no such label, since nothing was joined.
      variable(
        "copy",
        "Copy",
        `label_values(${promql.name("eventloop_lag_peak_seconds")}{job=~"$job", instance=~"$instance"}, copy)`,
        [],
      ).allValue(".*"),
    )
    .annotation(
      mark(
        "Alerts",
        "red",
        'ALERTS{alertname=~"Runtime.*", alertstate="firing", job=~"$job"}',
        "{{alertname}} {{instance}}",
      ),
    )
    .annotation(mark("Restarts", "blue", `resets(${uptime}[2m]) > 0`, "restart of {{instance}}"));

  const anchors = new Map(createSignals(settings).map(({ id, title }) => [id, title]));
  const place = placement();
  for (const row of createPanelRows(settings)) addRow(dashboard, row, settings, anchors, place);
  return dashboard.build();
}

/** Every value may be chosen, several and all of them. */
function variable(name: string, label: string, query: string, chosen: readonly string[]): QueryVariableBuilder {
  const values = chosen.length > 0 ? [...chosen] : ["$__all"];
  return new QueryVariableBuilder(name)
    .label(label)
    .datasource(datasource)
    .query({ query, refId: `${name}-variable` })
    .definition(query)
    .refresh(VariableRefresh.OnTimeRangeChanged)
    .sort(VariableSort.AlphabeticalAsc)
    .multi(true)
    .includeAll(true)
    .current({ selected: true, text: chosen.length > 0 ? values : ["All"], value: values });
}

function mark(name: string, colour: string, expression: string, title: string): AnnotationQueryBuilder {
  return new AnnotationQueryBuilder().name(name).datasource(datasource).enable(true).hide(false).iconColor(colour)
    .expr(expression).step("60s").titleFormat(title);
}

/** Gives out ids and places on the grid, from left to right and from top to bottom. */
interface Placement {
  row(): PlacedPanel;
  panel(width: number, height: number): PlacedPanel;
}

function placement(): Placement {
  let [id, x, y, rowHeight] = [0, 0, 0, 0];
  const lineBreak = (): void => {
    y += rowHeight;
    [x, rowHeight] = [0, 0];
  };
  return {
    row() {
      lineBreak();
      const placed = { id: ++id, gridPos: { x: 0, y, w: columns, h: 1 } };
      y++;
      return placed;
    },
    panel(width, height) {
      if (x + width > columns) lineBreak();
      const placed = { id: ++id, gridPos: { x, y, w: width, h: height } };
      x += width;
      rowHeight = Math.max(rowHeight, height);
      return placed;
    },
  };
}

function addRow(
  dashboard: DashboardBuilder,
  { title, height, collapsed = false, panels }: PanelRow,
  settings: KitSettings,
  titles: ReadonlyMap<string, string>,
  place: Placement,
): void {
  const { id, gridPos } = place.row();
  const row = new RowBuilder(title).id(id).gridPos(gridPos).collapsed(collapsed);
  const built = panels.map((panel) => {
    const title = panel.signal === undefined ? undefined : titles.get(panel.signal);
    if (panel.signal !== undefined && title === undefined) {
      throw new Error(`Cannot write dashboard: panel "${panel.title}" links to no signal, "${panel.signal}"`);
    }
    return buildPanel(panel, place.panel(panel.width, height), settings, title);
  });
  // A row that is folded up holds its panels itself.
  if (collapsed) { for (const panel of built) row.withPanel(panel); }
  dashboard.withRow(row);
  if (!collapsed) { for (const panel of built) dashboard.withPanel(panel); }
}

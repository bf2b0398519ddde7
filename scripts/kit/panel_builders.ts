/**
 * One panel of Grafana's from one panel of ours.
 *
 * @module
 */

import type { Builder } from "@grafana/grafana-foundation-sdk/cog";
import {
  BigValueColorMode,
  BigValueGraphMode,
  GraphThresholdsStyleConfigBuilder,
  GraphThresholdsStyleMode,
  HeatmapCellLayout,
  LegendDisplayMode,
  LegendPlacement,
  ReduceDataOptionsBuilder,
  StackingConfigBuilder,
  StackingMode,
  TooltipDisplayMode,
  VisibilityMode,
  VizLegendOptionsBuilder,
  VizTooltipOptionsBuilder,
} from "@grafana/grafana-foundation-sdk/common";
import {
  DashboardLinkBuilder,
  DashboardLinkType,
  type GridPos,
  type Panel as GrafanaPanel,
  type Threshold,
  ThresholdsConfigBuilder,
  ThresholdsMode,
} from "@grafana/grafana-foundation-sdk/dashboard";
import { PanelBuilder as GaugeBuilder } from "@grafana/grafana-foundation-sdk/gauge";
import {
  HeatmapColorMode,
  HeatmapColorOptionsBuilder,
  PanelBuilder as HeatmapBuilder,
  RowsHeatmapOptionsBuilder,
  YAxisConfigBuilder,
} from "@grafana/grafana-foundation-sdk/heatmap";
import { DataqueryBuilder, PromQueryFormat } from "@grafana/grafana-foundation-sdk/prometheus";
import { PanelBuilder as StatBuilder } from "@grafana/grafana-foundation-sdk/stat";
import { PanelBuilder as TableBuilder } from "@grafana/grafana-foundation-sdk/table";
import { PanelBuilder as TimeseriesBuilder } from "@grafana/grafana-foundation-sdk/timeseries";
import { describePanel } from "./describe_panel.ts";
import type { KitSettings } from "./options.ts";
import type { Panel } from "./panel.ts";
import { runbookUrl } from "./render_rules.ts";

/** The data source that is chosen on the dashboard. */
export const datasource: { readonly type: string; readonly uid: string } = {
  type: "prometheus",
  uid: "${datasource}",
};

/** Where a panel stands, and its id: links and tests rely on one that stays. */
export interface PlacedPanel {
  readonly id: number;
  readonly gridPos: GridPos;
}

/**
 * Builds a panel.
 *
 * @param panel What it shows.
 * @param placed Where it stands.
 * @param settings The user's names and numbers.
 * @param runbookTitle The heading of its part of the runbook.
 * @returns The builder, complete.
 */
export function buildPanel(
  panel: Panel,
  placed: PlacedPanel,
  settings: KitSettings,
  runbookTitle: string | undefined,
): Builder<GrafanaPanel> {
  const builder = { stat, timeseries, heatmap, gauge, table }[panel.kind](panel);
  builder
    .id(placed.id)
    .gridPos(placed.gridPos)
    .title(panel.title)
    .description(describePanel(panel, settings))
    .datasource(datasource)
    .unit(panel.unit)
    .thresholds(thresholdsOf(panel));
  if (panel.decimals !== undefined) builder.decimals(panel.decimals);
  if (panel.max !== undefined) builder.min(0).max(panel.max);
  if (runbookTitle !== undefined) {
    builder.links([
      new DashboardLinkBuilder("Runbook").type(DashboardLinkType.Link)
        .url(runbookUrl(settings, { title: runbookTitle })).targetBlank(true),
    ]);
  }
  panel.queries.forEach(({ expression, legend }, i) => {
    const query = new DataqueryBuilder().refId(String.fromCharCode(65 + i)).datasource(datasource).expr(expression)
      .legendFormat(legend);
    if (panel.kind === "timeseries") query.range();
    else if (panel.kind === "heatmap") query.range().format(PromQueryFormat.Heatmap);
    else if (panel.kind === "table") query.instant().format(PromQueryFormat.Table);
    else query.instant();
    builder.withTarget(query);
  });
  return builder;
}

function thresholdsOf({ warning, critical }: Panel): ThresholdsConfigBuilder {
  const steps: Threshold[] = [{ value: null, color: "green" }];
  if (warning !== undefined) steps.push({ value: warning, color: "yellow" });
  if (critical !== undefined) steps.push({ value: critical, color: "red" });
  return new ThresholdsConfigBuilder().mode(ThresholdsMode.Absolute).steps(steps);
}

const newest = (): ReduceDataOptionsBuilder => new ReduceDataOptionsBuilder().calcs(["lastNotNull"]).values(false);

function stat({ warning, critical }: Panel): StatBuilder {
  const coloured = warning !== undefined || critical !== undefined;
  return new StatBuilder()
    .reduceOptions(newest())
    .graphMode(BigValueGraphMode.None)
    .colorMode(coloured ? BigValueColorMode.Background : BigValueColorMode.Value);
}

function gauge(): GaugeBuilder {
  return new GaugeBuilder().reduceOptions(newest()).showThresholdMarkers(true);
}

function timeseries({ warning, critical, stacked }: Panel): TimeseriesBuilder {
  const builder = new TimeseriesBuilder()
    .lineWidth(1)
    .fillOpacity(stacked ? 30 : 8)
    .showPoints(VisibilityMode.Never)
    .axisSoftMin(0)
    .legend(
      new VizLegendOptionsBuilder().displayMode(LegendDisplayMode.Table).placement(LegendPlacement.Bottom)
        .showLegend(true).calcs(["lastNotNull", "max"]),
    )
    .tooltip(new VizTooltipOptionsBuilder().mode(TooltipDisplayMode.Multi));
  if (stacked) builder.stacking(new StackingConfigBuilder().mode(StackingMode.Normal).group("A"));
  if (warning !== undefined || critical !== undefined) {
    builder.thresholdsStyle(new GraphThresholdsStyleConfigBuilder().mode(GraphThresholdsStyleMode.Dashed));
  }
  return builder;
}

function heatmap({ unit }: Panel): HeatmapBuilder {
  return new HeatmapBuilder()
    .calculate(false)
    .color(new HeatmapColorOptionsBuilder().mode(HeatmapColorMode.Scheme).scheme("Spectral").reverse(false).steps(64))
    .rowsFrame(new RowsHeatmapOptionsBuilder().layout(HeatmapCellLayout.Auto))
    .yAxis(new YAxisConfigBuilder().unit(unit))
    .cellGap(1);
}

function table(): TableBuilder {
  return new TableBuilder()
    .withTransformation({
      id: "organize",
      options: {
        excludeByName: { Time: true, __name__: true },
        indexByName: { job: 0, instance: 1, runtime: 2, version: 3, engine: 4, Value: 5 },
        renameByName: { Value: "uptime" },
      },
    });
}

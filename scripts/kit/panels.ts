/**
 * What the dashboard shows, as data: rows of panels with their queries, in the order of reading.
 *
 * @module
 */

import { copyPanels } from "./copy_panels.ts";
import { loopPanels } from "./loop_panels.ts";
import type { KitSettings } from "./options.ts";
import type { PanelContext, PanelRow } from "./panel.ts";
import { createPromql } from "./promql.ts";
import { dependencyPanels, processPanels, selfPanels } from "./process_panels.ts";
import { requestPanels } from "./request_panels.ts";
import { glancePanels, poolPanels } from "./runtime_panels.ts";

/**
 * Makes the rows.
 *
 * @param settings The user's names and numbers.
 * @returns The rows, the most important first.
 */
export function createPanelRows({ prefix, httpPrefix, thresholds }: KitSettings): PanelRow[] {
  const context: PanelContext = {
    promql: createPromql({
      prefix,
      httpPrefix,
      matchers: ['job=~"$job"', 'instance=~"$instance"'],
      copyMatchers: ['copy=~"$copy"'],
    }),
    thresholds,
    window: "$__rate_interval",
  };
  return [
    { title: "At a glance", height: 4, panels: glancePanels(context) },
    { title: "Requests", height: 8, panels: requestPanels(context) },
    { title: "Event loop", height: 8, panels: loopPanels(context) },
    { title: "Pending work and pools", height: 8, panels: poolPanels(context) },
    { title: "Process", height: 8, panels: processPanels(context) },
    { title: "The metrics themselves", height: 6, panels: selfPanels(context) },
    { title: "Copies that share one page", height: 8, collapsed: true, panels: copyPanels(context) },
    {
      title: "What the service calls",
      height: 8,
      collapsed: true,
      panels: dependencyPanels(context),
    },
  ];
}

import { Registry } from "prom-client";
import { createMonitor, type Monitor } from "@rtm/runtime-metrics";
import { joinCopies, type JoinedCopies, type JoinOptions } from "@rtm/runtime-metrics/copies";
import { Page } from "./page.ts";

/** A copy of the test's own process: what it counts, and its page. */
export interface OwnCopy {
  registry: Registry;
  monitor: Monitor;
  copies: JoinedCopies;
  count(times?: number): Promise<void>;
  page(): Promise<Page>;
}

export function startCopy(options: JoinOptions): OwnCopy {
  const registry = new Registry();
  const monitor = createMonitor({ registry, collect: { gc: false, canary: false } });
  const copies = joinCopies(monitor, options);
  const fetch = monitor.instrument((_request: Request) => new Response("hello"));
  return {
    registry,
    monitor,
    copies,
    async count(times = 1) {
      for (let i = 0; i < times; i++) await (await fetch(new Request("http://localhost/"))).text();
    },
    page: async () => new Page(await (await monitor.handler()).text()),
  };
}

/** What was refused, or went wrong, between copies; on a page of all it is of all. */
export const copyErrors = (page: Page): number => page.value('runtime_metrics_errors_total{source="copies"}');

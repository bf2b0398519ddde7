import { Hono } from "hono";
import { Registry } from "prom-client";
import { createMonitor, type HttpOptions, type Monitor, type MonitorOptions } from "../../mod.ts";
import { runtimeMetrics } from "../../src/hono/mod.ts";
import { Page } from "./page.ts";
import { until } from "./until.ts";

/** A monitor with a registry of its own, an app behind its middleware, and what they show. */
export interface MeasuredApp extends Disposable {
  registry: Registry;
  monitor: Monitor<Registry>;
  app: Hono;
  /** The page as it is now. */
  page(): Promise<Page>;
  /** The page once no request is in flight; a server may tell the end of a response after its client has it. */
  settled(): Promise<Page>;
  /** Asks the app without a server, and reads the answer to its end. */
  ask(path: string, init?: RequestInit): Promise<[status: number, text: string]>;
  /** What was counted once no request is in flight: each label set's values, joined by spaces. */
  requests(): Promise<Record<string, number>>;
}

/**
 * Begins to measure an app.
 *
 * @param http How requests are measured.
 * @param options The monitor's other options.
 * @param app The app; the middleware is its first.
 * @returns All that a test needs of it.
 */
export function measureApp(http: HttpOptions = {}, options: MonitorOptions = {}, app: Hono = new Hono()): MeasuredApp {
  const registry = new Registry();
  const monitor = createMonitor({ registry, http, ...options }) as Monitor<Registry>;
  app.use(runtimeMetrics(monitor));
  const page = async (): Promise<Page> => new Page(await (await monitor.handler()).text());
  const settled = (): Promise<Page> => until(page, (shown) => inFlight(shown) === 0);
  return {
    registry,
    monitor,
    app,
    page,
    settled,
    async ask(path, init) {
      const response = await app.request(path, init);
      return [response.status, await response.text()];
    },
    requests: async () => counts(await settled(), "http_requests_total"),
    [Symbol.dispose]: () => monitor.stop(),
  };
}

/**
 * Tells how many requests are in flight.
 *
 * @param page The page.
 * @returns Their number.
 */
export function inFlight(page: Page): number {
  const labels = page.labels("runtime_pending_tasks").find((each) => each.includes('kind="http_request"'));
  return page.value(`runtime_pending_tasks${labels}`);
}

/**
 * Tells a family's numbers.
 *
 * @param page The page.
 * @param name The family's name.
 * @returns Each by the values of its labels, joined by spaces.
 */
export function counts(page: Page, name: string): Record<string, number> {
  return Object.fromEntries(
    page.labels(name).map((labels) => [
      [...labels.matchAll(/="((?:[^"\\]|\\.)*)"/g)].map(([, value]) => value).join(" "),
      page.value(name + labels),
    ]),
  );
}

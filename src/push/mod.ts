/**
 * Pushing a monitor's page, for what cannot be scraped: jobs that end soon, and isolates of edge runtimes, of which a scrape
 * reaches any one.
 *
 * @example A Worker that pushes what its isolates have counted
 * ```ts
 * import { createMonitor } from "@rtm/runtime-metrics/edge";
 * import { createPusher } from "@rtm/runtime-metrics/push";
 *
 * const monitor = createMonitor();
 * const pusher = createPusher({
 *   url: "https://metrics.example.com/api/v1/import/prometheus",
 *   protocol: "victoriametrics",
 *   job: "api",
 *   monitor,
 * });
 *
 * interface Context {
 *   waitUntil(promise: Promise<unknown>): void;
 * }
 *
 * export default {
 *   fetch: monitor.instrument((_request: Request, _env: unknown, ctx: Context) => {
 *     pusher.pushLater(ctx);
 *     return new Response("hello");
 *   }),
 * };
 * ```
 *
 * @module
 */

export type { WaitUntilLike } from "../edge/wait_until.ts";
export type { Temporality } from "../formats/otlp_metric.ts";
export type { OtlpEncoding, PushCompression, PusherOptions, PushProtocol, PushSource } from "./options.ts";
export { createPusher, type Pusher, type PusherStats } from "./pusher.ts";

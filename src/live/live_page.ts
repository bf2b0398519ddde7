/**
 * The live page's one route.
 *
 * @module
 */

import { markOf, needMarks } from "../http/measured_once.ts";
import { answerOthers } from "../gather/other_copies.ts";
import { accessTo, coreOf } from "../monitor/access.ts";
import type { Monitor } from "../monitor/monitor.ts";
import { headResponse } from "../page/head_response.ts";
import { type RequestLike, requestOf, type ScrapeRequest } from "../page/scrape_request.ts";
import { heldBy, type LoopHolder } from "../work/loop_blame.ts";
import type { Answers } from "./answers.ts";
import { action, checkLiveOptions, door, type LivePageOptions } from "./options.ts";
import { keepStalls } from "./own_stalls.ts";
import { textResponse } from "./text_response.ts";
import { Recording } from "./recording.ts";

/** A live page. */
export interface LivePage extends Disposable {
  /**
   * Answers GET and HEAD on whatever path it is mounted. It is bound, so it can be passed by itself:
   * `app.get("/live", live.handler)`.
   *
   * Without a query it answers the document. `?since=` answers what is newer than a Unix time, or than the `cursor` of an
   * answer before, as JSON; `?format=json` the findings; `?stall=` the frames of a stall and
   * `?profile=` its `.cpuprofile`; `?series=` the app's own metrics with that in their name. With `&copy=all`, or the id
   * of one, joined copies are asked as well.
   *
   * @param request The request, or a Hono context.
   * @param platform What the server passed beside the request; it tells the other end's address.
   * @returns The answer; 401 or 403 for whoever may not look, 503 where the monitor measures nothing, or no more.
   */
  readonly handler: (request?: ScrapeRequest, platform?: unknown) => Promise<Response>;

  /** Ends the reading of numbers. Safe to call twice; the end of the monitor does it as well. */
  stop(): void;
}

/** A little more than what readings of the process are kept for, so that no two rows show the same one. */
const rowSeconds = 1.005;

/** Our own page holds the loop as well. */
const ownPage: LoopHolder = { heldBy: () => ["scrape", ""] };

/**
 * Makes a page that shows a running process to people: what is wrong, then every beat of the event loop, stalls, requests
 * by route, pools, memory and CPU.
 *
 * It keeps the trailing five minutes, one row a second, and reads counters that are there anyway. Requests to it are
 * counted nowhere in `http_*`. Whoever may read the metrics by the options of `exposition` may look; where those guard
 * nothing, only requests from loopback addresses to a local name are answered.
 *
 * @example Usage
 * ```ts
 * import { Hono } from "hono";
 * import { createMonitor } from "@rtm/runtime-metrics";
 * import { runtimeMetrics } from "@rtm/runtime-metrics/hono";
 * import { livePage } from "@rtm/runtime-metrics/live";
 *
 * using monitor = createMonitor();
 * using live = livePage(monitor);
 * const app = new Hono();
 * app.use(runtimeMetrics(monitor));
 * app.get("/live", live.handler);
 * ```
 *
 * @param monitor What is shown.
 * @param options Where stalls come from, and who may look.
 * @returns The page; dispose of it to stop.
 * @throws {TypeError} If the monitor is none, or an option is unknown or of the wrong kind.
 * @throws {Error} If nothing guards the page where the runtime tells no addresses, or `stalls` are another monitor's.
 */
export function livePage(monitor: Monitor, options: LivePageOptions = {}): LivePage {
  const access = accessTo(monitor, action);
  const { stalls: given, title, public: isPublic = false } = checkLiveOptions(options);
  const core = access.core();
  // Where timers run only within a request, which is where servers tell no address either.
  if (core && !core.runtime.startTimer && !access.guard && !isPublic) {
    throw new Error(`${action}: set exposition or { public: true } where the runtime tells no addresses`);
  }
  const recorded = given && coreOf(given);
  if (core && recorded && recorded !== core) {
    throw new Error(`${action}: stalls must be what recordStalls() answered for the same monitor`);
  }
  // Requests are measured already when ours come.
  needMarks();
  const own = core && keepStalls(core);
  const recording = core && new Recording(core);
  // What writes answers is loaded for who looks first: most copies of an app are never looked at.
  let answers: Promise<Answers> | undefined;
  const answering = (): Promise<Answers> =>
    answers ??= import("./answers.ts").then(
      ({ Answers }) => new Answers({ core: core!, access, recording: recording!, given, own: own!, title, isPublic }),
      (error: unknown) => {
        // Somebody who looks again may find it.
        answers = undefined;
        throw error;
      },
    );
  const now = (): number => core!.runtime.now();
  // Pages of other copies show this one as well.
  const forget = core &&
    answerOthers(core, door, async (text) => {
      const answers = await answering();
      return await heldBy(core.blame, now, ownPage, () => answers.own(new URLSearchParams(text)));
    });
  let timer: unknown;
  const arm = (): void => {
    timer = core?.runtime.startTimer?.(tick, rowSeconds);
  };
  const tick = (): void => {
    arm();
    core!.self.attempt("live", () => recording!.tick());
  };
  arm();
  let isStopped = false;
  const stop = access.untilStop(() => {
    isStopped = true;
    forget?.();
    core?.runtime.stopTimer?.(timer);
    own?.stop();
  });

  const handle = async (request: RequestLike | undefined, platform: unknown): Promise<Response> => {
    const method = request?.method ?? "GET";
    if (method !== "GET" && method !== "HEAD") return textResponse(405, { allow: "GET, HEAD" });
    if (!core) return textResponse(503);
    const answers = await answering();
    const refusal = await answers.refusal(request, platform);
    if (refusal) {
      const { status, challenge, reason } = refusal;
      return textResponse(status, challenge ? { "www-authenticate": challenge } : {}, reason);
    }
    if (isStopped) return textResponse(503);
    const encoding = request?.headers?.get("accept-encoding") ?? null;
    return await heldBy(core.blame, now, ownPage, () => answers.answer(request?.url, encoding));
  };
  return {
    async handler(given, beside) {
      const { request, platform } = requestOf(given, beside);
      if (request) markOf(request as Request, platform)?.discard();
      const response = await handle(request, platform).catch(() => {
        core?.self.fail("live");
        return textResponse(500);
      });
      return request?.method === "HEAD" ? headResponse(response) : response;
    },
    stop,
    [Symbol.dispose]: stop,
  };
}

/**
 * The pusher: a monitor's page, sent where it can be scraped or queried.
 *
 * @module
 */

import { insideOf } from "../monitor/access.ts";
import { untrackedWaitUntil, type WaitUntilLike } from "../edge/wait_until.ts";
import { isolateName } from "../edge/isolate.ts";
import { currentTimers } from "../runtime/detect.ts";
import { isThenable } from "../runtime/promise.ts";
import type { Runtime } from "../runtime/shim.ts";
import { checkPusher, type PusherSettings } from "./check_pusher.ts";
import { deliver, FailedAttempt, platformClock, type PushClock } from "./delivery.ts";
import { keepingLabels } from "./labels.ts";
import type { PusherOptions } from "./options.ts";
import { gzipped, OtlpPayloads, pagePayload, type Payload } from "./payload.ts";
import { type PushRequest, pushRequest, resourceOf, type Sender } from "./target.ts";

/** What a pusher has done so far. */
export interface PusherStats {
  /** Pushes that were accepted. */
  readonly pushed: number;
  /** Pushes that were given up. */
  readonly failed: number;
  /** Pushes that did not begin, since another was under way or the other side had asked to be left alone (`Retry-After`). */
  readonly skipped: number;
  /** When the newest push was accepted, as Unix time in seconds. */
  readonly lastPushUnixSeconds?: number;
  /** Why the newest push that was given up failed. */
  readonly lastError?: string;
}

/** Sends a monitor's page. */
export interface Pusher extends AsyncDisposable {
  /**
   * Pushes now, unless a push is under way.
   *
   * @returns True if it was accepted. It never rejects: what fails is told to `onError` and counted.
   */
  push(): Promise<boolean>;

  /**
   * Begins to push every `intervalSeconds`, without keeping the process alive.
   *
   * @throws {Error} If timers run only within requests here; see {@linkcode Pusher.pushLater}.
   */
  start(): void;

  /**
   * For edge runtimes, to be called in each request: sees to it that a push happens within `intervalSeconds`, in this
   * request's context but behind its response. While one is due already it does nothing.
   *
   * @param context What the runtime passed beside the request.
   */
  pushLater(context: WaitUntilLike): void;

  /**
   * Ends the pushing that `start` began, with one last push.
   *
   * @returns Settles when that push was answered, or given up after one attempt.
   */
  stop(): Promise<void>;

  /** What it has done so far. */
  readonly stats: PusherStats;
}

/**
 * Makes a pusher. It sends nothing by itself: `start()` begins to push by a timer, `pushLater(ctx)` belongs in the requests
 * of an edge runtime, and `push()` pushes at once.
 *
 * A push is one page, made when it is sent. What fails is tried again with growing pauses, until the next push is due:
 * that one will have all the counts of this one, so nothing is queued and nothing grows. A `Retry-After` is heeded, for
 * five minutes at most: until then pushes are skipped, but for the last one of `stop()`.
 *
 * With `protocol: "otlp"` OpenTelemetry's environment variables are read, once, for what no option tells.
 *
 * The status of an answer decides: what was accepted is never sent again, also where the rest of the answer never comes.
 *
 * @example A process that ends before anybody could scrape it
 * ```ts
 * import { createMonitor } from "@rtm/runtime-metrics";
 * import { createPusher } from "@rtm/runtime-metrics/push";
 *
 * using monitor = createMonitor();
 * const pusher = createPusher({
 *   url: "http://pushgateway.internal:9091",
 *   protocol: "pushgateway",
 *   job: "nightly-import",
 *   monitor,
 * });
 * const lastly = () => pusher.push();
 * ```
 *
 * @param options What to push, and where to.
 * @returns The pusher, at rest.
 * @throws {TypeError} If an option is missing, unknown or of the wrong kind, or a variable of the environment is.
 * @throws {RangeError} If a number is out of bounds.
 */
export function createPusher(options: PusherOptions): Pusher {
  return new MonitorPusher(checkPusher(options), platformClock(), currentTimers);
}

export class MonitorPusher implements Pusher {
  readonly #settings: PusherSettings;
  readonly #clock: PushClock;
  readonly #runtime: () => Pick<Runtime, "startTimer" | "stopTimer">;
  #pushed = 0;
  #failed = 0;
  #skipped = 0;
  #lastPush: number | undefined;
  #lastError: string | undefined;
  /** Until when a push may be under way: the context of an edge request can end without a word. */
  #busyUntil = -Infinity;
  #dueUntil = -Infinity;
  /** Until when the other side asked to be left alone. */
  #pausedUntil = -Infinity;
  #underWay: Promise<boolean> | undefined;
  #timer: unknown;
  /** Ends the pause before another attempt. */
  #wake: (() => void) | undefined;
  #isStopping = false;
  readonly #otlp: OtlpPayloads;
  readonly #listenerFailed = (): void => insideOf(this.#settings.monitor)?.core()?.self.fail("push");

  /**
   * Makes a pusher at rest.
   *
   * @param runtime Its timers do not keep the process alive; asked when they are needed.
   */
  constructor(
    settings: PusherSettings,
    clock: PushClock,
    runtime: () => Pick<Runtime, "startTimer" | "stopTimer">,
  ) {
    this.#settings = settings;
    this.#clock = clock;
    this.#runtime = runtime;
    this.#otlp = new OtlpPayloads(settings);
  }

  get stats(): PusherStats {
    return {
      pushed: this.#pushed,
      failed: this.#failed,
      skipped: this.#skipped,
      ...(this.#lastPush !== undefined && { lastPushUnixSeconds: this.#lastPush }),
      ...(this.#lastError !== undefined && { lastError: this.#lastError }),
    };
  }

  /** Pushes now, unless a push is under way. */
  push(): Promise<boolean> {
    return this.#push(this.#settings.retries, this.#clock.sleep);
  }

  /** Begins to push at each interval. */
  start(): void {
    if (this.#timer !== undefined) return;
    const { startTimer } = this.#runtime();
    if (!startTimer) {
      throw new Error("Cannot start pusher: timers run only within requests here; call pushLater(ctx) in each of them");
    }
    const { intervalSeconds, retries } = this.#settings;
    const restful = (seconds: number): Promise<void> => new Promise((resolve) => void startTimer(resolve, seconds));
    const arm = (seconds: number): void => {
      const timer: unknown = this.#timer = startTimer(async () => {
        await this.#push(retries, restful);
        // Stopped meanwhile, or stopped and started again.
        if (this.#timer === timer) arm(intervalSeconds);
      }, seconds);
    };
    // Processes that begin together do not push together.
    arm(intervalSeconds * this.#clock.random());
  }

  /** Sees to it that a push happens behind this request. */
  pushLater(context: WaitUntilLike): void {
    const { intervalSeconds, timeoutSeconds, retries } = this.#settings;
    const { now, sleep } = this.#clock;
    if (now() < this.#dueUntil) return;
    this.#dueUntil = now() + intervalSeconds + timeoutSeconds;
    const later = async (): Promise<void> => {
      await sleep(intervalSeconds);
      // From here on another request's counts would come too late for this page.
      this.#dueUntil = -Infinity;
      await this.#push(retries, sleep);
    };
    try {
      if (typeof context?.waitUntil !== "function") throw new TypeError("no context");
      // What is handed over here is not the app's work, and not shown as that.
      untrackedWaitUntil(context)(later());
    } catch {
      // Tests and servers of processes call a worker's handler without a context: its requests are answered all the same.
      this.#failed++;
      this.#tell(new TypeError("Cannot push later: expected a context whose waitUntil takes promises"));
    }
  }

  async stop(): Promise<void> {
    if (this.#timer !== undefined) this.#runtime().stopTimer?.(this.#timer);
    this.#timer = undefined;
    this.#isStopping = true;
    this.#wake?.();
    await this.#underWay;
    this.#isStopping = false;
    // There is no later for this one.
    this.#pausedUntil = -Infinity;
    await this.#push(0, this.#clock.sleep);
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.stop();
  }

  async #push(retries: number, pause: PushClock["sleep"]): Promise<boolean> {
    const { intervalSeconds, timeoutSeconds } = this.#settings;
    const { now } = this.#clock;
    if (now() < this.#busyUntil || now() < this.#pausedUntil) {
      this.#skipped++;
      return false;
    }
    const deadline = now() + intervalSeconds;
    this.#busyUntil = deadline + timeoutSeconds;
    const pushing = this.#underWay = this.#send(retries, deadline, pause);
    try {
      return await pushing;
    } finally {
      this.#underWay = undefined;
      this.#busyUntil = -Infinity;
    }
  }

  async #send(retries: number, deadline: number, sleep: PushClock["sleep"]): Promise<boolean> {
    const { url, job, labels, instance = isolateName(), compression } = this.#settings;
    try {
      const sender = { job, instance, labels };
      const { body, accept } = await this.#payload(sender);
      const madeAt = this.#clock.now();
      const isGzip = compression === "gzip";
      const request: PushRequest = {
        ...pushRequest(this.#settings, sender, isGzip ? await gzipped(body) : body),
        ...(isGzip && { contentEncoding: "gzip" }),
      };
      const pause = (seconds: number): Promise<void> =>
        new Promise((resolve, reject) => {
          const woken = new AbortController();
          this.#wake = () => {
            woken.abort();
            resolve();
          };
          sleep(seconds, woken.signal).then(resolve, reject);
        });
      const mayRetry = (): boolean => !this.#isStopping;
      const rest = await deliver(request, {
        ...this.#settings,
        ...this.#clock,
        retries,
        deadline,
        sleep: pause,
        mayRetry,
      });
      accept();
      this.#pushed++;
      this.#lastPush = madeAt;
      if (rest !== undefined) this.#tell(new Error(`Cannot push all to ${url.origin}: ${rest}`));
      return true;
    } catch (error) {
      this.#failed++;
      if (error instanceof FailedAttempt) this.#pausedUntil = this.#clock.now() + error.afterSeconds;
      this.#tell(error instanceof Error ? error : new Error(String(error)));
      return false;
    }
  }

  async #payload(sender: Sender): Promise<Payload> {
    const { protocol, monitor, maxBytes } = this.#settings;
    if (protocol === "otlp") return await this.#otlp.make(resourceOf(sender));
    const { job, instance, labels } = sender;
    const body = keepingLabels(await pagePayload(monitor, maxBytes), { job, instance, ...labels });
    return { body, accept: () => {} };
  }

  /** What a listener throws reaches nobody: it is called behind everything. */
  #tell(error: Error): void {
    this.#lastError = error.message;
    try {
      const answer: unknown = this.#settings.onError?.(error);
      if (isThenable(answer)) answer.then(() => {}, this.#listenerFailed);
    } catch {
      this.#listenerFailed();
    }
  }
}

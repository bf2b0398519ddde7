/**
 * What measures the requests of a framework on Node's servers.
 *
 * @module
 */

import { checkTable, type OptionTable, refuser } from "../check.ts";
import { checkMonitor, middlewarePath } from "../http/door_options.ts";
import { writtenPath } from "../http/request.ts";
import type { Monitor } from "../monitor/monitor.ts";
import type { Blame } from "../process/blame.ts";
import { measureListener } from "./instrument_listener.ts";
import type { IncomingLike, ResponseLike } from "./message.ts";

/** Options of {@linkcode expressMetrics}, {@linkcode fastifyMetrics}, {@linkcode koaMetrics} and {@linkcode elysiaMetrics}. */
export interface FrameworkMetricsOptions {
  /**
   * The whole path on which scrapes are answered; `false` to answer them nowhere. It is public unless something before
   * the middleware guards it.
   *
   * @default {"/metrics"}
   */
  path?: string | false;
}

/** What each option may be, and its default. */
export const frameworkOptions: OptionTable<FrameworkMetricsOptions> = { path: middlewarePath };

/** Checks what a framework is measured with, and answers the path of the page. */
export function checkFramework(
  action: string,
  monitor: unknown,
  method: "handler" | "instrument",
  options: FrameworkMetricsOptions,
): string | undefined {
  const refuse = refuser(action);
  checkMonitor(refuse, monitor, method);
  const { path } = checkTable(refuse, options, frameworkOptions);
  return path ? writtenPath(path) : undefined;
}

/** The route of a file that no route of the app's has answered. */
const staticRoute = "static";

/** Measures requests whose routes a framework finds later. */
export class FrameworkListener {
  readonly #asked = new WeakMap<object, Asked>();
  readonly #recorder: Monitor["recorder"];
  readonly #measured: (this: () => unknown, incoming: IncomingLike, outgoing: ResponseLike) => unknown;
  readonly #path: string | undefined;

  constructor(
    monitor: Pick<Monitor, "handler" | "recorder">,
    action: string,
    options: FrameworkMetricsOptions,
  ) {
    this.#path = checkFramework(action, monitor, "handler", options);
    const recorder = this.#recorder = monitor.recorder;
    const all = this.#asked;
    this.#measured = measureListener(monitor, function (this: () => unknown, incoming: IncomingLike) {
      all.get(incoming)!.holder = recorder?.blame?.holder;
      return this();
    } as never, {
      ...(this.#path && { path: this.#path }),
      route: (incoming: IncomingLike) => all.get(incoming)!.route(),
    }, (incoming) => all.get(incoming)!.answersBehind?.() === true) as never;
  }

  answers(path: string): boolean {
    return path === this.#path;
  }

  /**
   * Measures a request, or answers a scrape; what runs the app is called for all but scrapes.
   *
   * @param answersBehind Does the framework answer once the app's promise has settled?
   */
  listen(
    incoming: IncomingLike,
    outgoing: ResponseLike,
    { route, mount }: FoundRoute,
    run: () => unknown,
    answersBehind?: () => boolean,
  ): unknown {
    this.#asked.set(incoming, {
      route: () => route() ?? (isFile(outgoing) ? staticRoute : mount?.()),
      answersBehind,
      holder: undefined,
    });
    return this.#measured.call(run, incoming, outgoing);
  }

  /** The route of a request was found, whose handlers run next: maybe in a later turn of the loop than that in which it came. */
  routed(incoming: IncomingLike): void {
    const { blame, now } = this.#recorder ?? {};
    const holder = blame && this.#asked.get(incoming)?.holder;
    if (!holder) return;
    blame.goesOn(holder, now!);
    blame.routed(holder);
  }

  /** Calls what runs them. */
  runRouted(incoming: IncomingLike, run: () => void): void {
    const { blame, now } = this.#recorder ?? {};
    const holder = blame && this.#asked.get(incoming)?.holder;
    if (!holder) return run();
    const isHeld = blame.holder !== undefined;
    const outer = isHeld ? undefined : blame.enter(holder, now!());
    blame.routed(holder);
    try {
      run();
    } finally {
      if (!isHeld) blame.leave(outer, now!());
    }
  }
}

/** What is known of a request. */
interface Asked {
  readonly route: () => string | undefined;
  readonly answersBehind: (() => boolean) | undefined;
  /** Who is blamed for what it does; undefined where stalls are not blamed. */
  holder: Blame["holder"];
}

interface FoundRoute {
  /** The template of its route, as far as one is known now. */
  route(): string | undefined;
  /** Where there is no route: the mount that it is in. */
  mount?(): string | undefined;
}

/** Every server of files tells when a file was changed; where no route answered, hardly anything else does. */
function isFile(outgoing: ResponseLike): boolean {
  const { statusCode } = outgoing;
  // One that has no such range tells which ones it has.
  if (statusCode === 416) return outgoing.getHeader("content-range") !== undefined;
  return statusCode < 400 && outgoing.getHeader("last-modified") !== undefined;
}

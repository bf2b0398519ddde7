/**
 * Threads, isolates and processes of one service on one page.
 *
 * @example Usage
 * ```ts
 * import { createMonitor } from "@rtm/runtime-metrics";
 * import { joinCopies } from "@rtm/runtime-metrics/copies";
 *
 * using monitor = createMonitor();
 * using copies = joinCopies(monitor);
 * ```
 *
 * @module
 */

import { asked } from "../runtime/asked.ts";
import { answerOf, copiesOf, showCopies } from "../gather/other_copies.ts";
import { accessTo } from "../monitor/access.ts";
import type { Monitor } from "../monitor/monitor.ts";
import type { GlobalLike } from "../runtime/shim.ts";
import { Copies } from "./copies.ts";
import { identityOf } from "./identity.ts";
import type { LinkContext } from "./hub.ts";
import { linksOf } from "./links.ts";
import { OwnSnapshots } from "./own_snapshots.ts";
import { shareSlots } from "./share_slots.ts";
import { action, checkJoinOptions, type JoinOptions } from "./options.ts";
import { livingCopies, Questions } from "./questions.ts";

export type { JoinOptions, Monitor };

/** What was joined. */
export interface JoinedCopies extends Disposable {
  /** Leaves the others, which keep what was counted here. Safe to call twice; the end of the monitor does it as well. */
  leave(): void;
}

/**
 * Joins this copy of a service with the others, so that the page of any of them shows all: sums over all copies, those
 * that have ended included, gauges joined as their meaning asks, and with a label `copy` what has to be told apart.
 * `?copy=self` shows one alone.
 *
 * Threads and isolates of one process find each other, and so do the primary and the workers of `node:cluster`; other
 * processes meet in a directory. A page is answered within `deadlineSeconds` whatever the copies do: one that does not
 * answer is shown as of its last answer, and counted in `runtime_copies{state="late"}`.
 *
 * @example Processes that share nothing but a directory
 * ```ts
 * import { createMonitor } from "@rtm/runtime-metrics";
 * import { joinCopies } from "@rtm/runtime-metrics/copies";
 *
 * using monitor = createMonitor();
 * const directory = "/tmp/my-api-copies";
 * using copies = joinCopies(monitor, { directory });
 * ```
 *
 * @param monitor What is measured in this copy.
 * @param options How the copies meet.
 * @returns What was joined; dispose of it to leave.
 * @throws {TypeError} If the monitor is none, or an option is unknown or of the wrong kind.
 * @throws {RangeError} If a number is out of bounds, or the directory's path not absolute, or too long for a socket.
 * @throws {Error} If the monitor has joined already or has left, this runtime has no way to other copies, or the directory is somebody
 * else's, open to others, or may not be used.
 */
export function joinCopies(monitor: Monitor, options: JoinOptions = {}): JoinedCopies {
  const access = accessTo(monitor, action);
  const settings = checkJoinOptions(options);
  const core = access.core();
  // A monitor that does not measure has nothing to tell.
  if (!core) return { leave() {}, [Symbol.dispose]() {} };
  if (copiesOf(core)) throw new Error(`${action}: this monitor has joined already`);
  if (left.has(core)) {
    throw new Error(`${action}: this monitor has left the others, which keep what it counted; join with a new one`);
  }
  const { runtime, self, settings: { prefix } } = core;
  const global = globalThis as unknown as GlobalLike;
  const identity = identityOf(global, runtime, settings);
  const links = linksOf(global, runtime, settings, identity.id);
  const { group, deadlineSeconds } = settings;
  // What is answered has a way to go, and is told to the others.
  const collectSeconds = Math.min(deadlineSeconds / 2, access.collectTimeoutSeconds);
  const snapshots = new OwnSnapshots(core, access, collectSeconds);
  const warned = new Set<string>();
  // Where copies meet in a directory each thread is one of them like any process.
  const shared = settings.directory === undefined
    ? shareSlots(core, global, identity, (id) => copies.known.meetSibling(id))
    : undefined;
  const copies: Copies = new Copies({
    ...{ identity, group, deadlineSeconds, runtime, self, prefix },
    gatherOwn: (taken) => snapshots.take(taken),
    tookQuestion: (head) => questions.took(head),
    shared,
    look: () => look(),
    warn(sentence) {
      if (warned.size < mostWarnings && warned.size !== warned.add(sentence).size) console.warn(sentence);
    },
  });
  const questions = new Questions({
    ...{ runtime, deadlineSeconds },
    post: (kind, more) => copies.sender.post(kind, more),
    failed: () => void self.fail("copies"),
    answerOf: (door) => answerOf(core, door),
  });
  const context: LinkContext = {
    hub: copies.hub,
    runtime,
    hello: () => copies.sender.text("hello"),
    meet: (id) => copies.meet(id),
    forget: (id) => copies.forget(id),
    isSilent: (id) => copies.known.isSilent(id),
    deadlineSeconds,
    refuse: (reason) => copies.refuse(reason),
    threads: shared?.threads,
  };
  const sources = links.map((link) => link(context));
  const look = (): void => {
    for (const source of sources) source.look?.();
  };
  showCopies(core, {
    collectSeconds,
    begin: () => copies.begin(),
    living() {
      look();
      // Their names are in what they tell.
      if (copies.known.living().some(({ report }) => !report)) void copies.learn();
      return livingCopies(identity, copies.sender.process, copies.known);
    },
    question: (id, door, text) => questions.ask(id, door, text),
  });
  const learning = runtime.startTimer?.(() => void copies.learn(), learnSeconds);
  let hasEnded = false;
  const say = (): void => {
    if (!hasEnded) self.attempt("copies", () => copies.bye(snapshots.last()));
    hasEnded = true;
    for (const source of sources) source.flush?.();
  };
  const forgetExit = onExit(global, say);
  const leave = access.untilStop(() => {
    say();
    forgetExit();
    runtime.stopTimer?.(learning);
    showCopies(core, undefined);
    left.add(core);
    for (const source of sources) source.stop();
    shared?.stop();
  });
  return { leave, [Symbol.dispose]: leave };
}

/** What has been left to others would be counted twice with a copy that goes on counting. */
const left = new WeakSet<object>();

/** So long after it joined a copy has met the others, in seconds. */
const learnSeconds = 0.3;

/** What others send can be wrong in more ways than anybody wants to read. */
const mostWarnings = 10;

/** Does something when the process ends by itself, or by `process.exit()`; a frozen process tells nobody on Deno (2.9.5). */
function onExit({ process }: GlobalLike, act: () => void): () => void {
  const emitter = process as unknown as Record<"on" | "off", (event: "exit", act: () => void) => void> | undefined;
  asked(() => emitter?.on("exit", act));
  return () => asked(() => emitter?.off("exit", act));
}

/**
 * What runs in the thread that watches the loop. `npm run generate` makes one text of it, `watch_thread_text.ts`, since a
 * file of its own is found neither in a bundle nor without a permission.
 *
 * @module
 */

import type { GlobalLike } from "../runtime/shim.ts";
import { writeStderr } from "../runtime/stderr.ts";
import { type Hang, HangWatch } from "./hang_watch.ts";
import { type HttpLike, type LivezAddress, serveLivez } from "./livez.ts";
import { abortFromMain, type InspectorLike, readMainStack } from "./main_thread_stack.ts";
import { WatchBoard } from "./watch_board.ts";

export interface WatchData {
  readonly buffer: SharedArrayBuffer;
  /** How often it looks while the loop is late, or has just been off the CPU. */
  readonly tickSeconds: number;
  /** How often it looks else. */
  readonly restSeconds: number;
  readonly thresholdSeconds: number;
  readonly deadSeconds: number;
  readonly abortSeconds?: number;
  readonly server?: LivezAddress;
}

/** What the loop sends: what a number on the board stands for. */
export interface HolderMessage {
  readonly number: number;
  readonly kind: string;
  readonly name: string;
}

/** What the thread sends: once, when it watches. */
export interface WatchMessage {
  /** Where `/livez` is served, where that was asked for. */
  readonly port?: number;
  /** Why it is not. */
  readonly error?: string;
}

/** The runtime as this thread sees it. */
interface ProcessLike {
  readonly pid: number;
  getBuiltinModule(id: string): unknown;
  kill(pid: number, signal: string): void;
  memoryUsage(): { rss: number };
  cpuUsage(): { user: number; system: number };
  uptime(): number;
}

/** Who reads stderr may have stopped: no line is waited for any longer, or nothing else would be done either. */
const writeMilliseconds = 1000;

/** How long a signal has to end the process, before the next way is tried. */
const signalMilliseconds = 1000;

/** After a stall that may have been the host's it is looked at closely for so long: a quota shows in each of its periods. */
const alertSeconds = 10;

export function watch(): void {
  const { process } = globalThis as unknown as { process: ProcessLike };
  const builtin = <Module>(id: string): Module => process.getBuiltinModule(id) as Module;
  const { workerData, parentPort } = builtin<{
    workerData: WatchData & { seesMain: boolean };
    parentPort: {
      on(event: "message", listener: (message: HolderMessage) => void): void;
      postMessage(m: object): void;
    };
  }>("node:worker_threads");
  const { tickSeconds, restSeconds, thresholdSeconds, deadSeconds, abortSeconds, server, seesMain } = workerData;
  const board = new WatchBoard(workerData.buffer);
  // Only the main thread can be looked at from another, and not everywhere.
  const inspector = seesMain ? builtin<InspectorLike | undefined>("node:inspector") : undefined;

  const holders = new Map<number, { kind: string; name: string }>();
  parentPort.on("message", ({ number, kind, name }) => holders.set(number, { kind, name }));
  const held = (): { kind: string; name: string } => holders.get(board.running) ?? { kind: "unknown", name: "" };

  /** One after another: each that nobody reads holds a thread of Node's pool, of which the app has four. */
  let written: Promise<void> = Promise.resolve();
  const say = (event: string, level: string, message: string, more: object = {}): Promise<void> => {
    const line = { time: new Date().toISOString(), level, event, message, ...more, pid: process.pid };
    written = written.then(() => writeStderr(globalThis as unknown as GlobalLike, `${JSON.stringify(line)}\n`));
    return Promise.race([written, new Promise<void>((done) => setTimeout(done, writeMilliseconds))]);
  };
  const describe = ({ seconds }: Hang): string => {
    const { kind, name } = held();
    const by = kind === "unknown" ? "" : `, held by ${`${kind} ${name}`.trim()}`;
    return `The event loop has not answered for ${seconds.toFixed(1)} s${by}`;
  };
  const facts = ({ seconds, lostSeconds }: Hang): object => ({
    seconds: rounded(seconds),
    ...(lostSeconds > 0 && { notScheduledSeconds: rounded(lostSeconds) }),
  });

  /** What was told, so that a line that waits for its stack is not overtaken. */
  let line: Promise<void> = Promise.resolve();
  const tell = (event: string, hang: Hang, more: () => object = () => ({})): Promise<void> => {
    const [message, who] = [describe(hang), held()];
    return line = line.then(() =>
      new Promise<void>((done) =>
        readMainStack(inspector, (stack) => {
          void say(event, "error", message, { ...facts(hang), ...who, ...(stack && { stack }), ...more() }).then(done);
        })
      )
    );
  };
  const hangs = new HangWatch(thresholdSeconds, {
    hung: (hang) => void tell("event_loop_hang", hang),
    over: (hang) => {
      line = line.then(() =>
        say(
          "event_loop_hang_over",
          "info",
          `The event loop answers again after ${hang.seconds.toFixed(1)} s`,
          facts(hang),
        )
      );
    },
    lost: (seconds) => board.addLost(seconds),
  });

  let ending = false;
  const end = async (): Promise<void> => {
    if (ending) return;
    ending = true;
    await tell("event_loop_abort", hangs.hang, () => {
      const { user, system } = process.cpuUsage();
      return { rssBytes: process.memoryUsage().rss, cpuSeconds: rounded((user + system) / 1e6) };
    });
    // It may have come back while its stack was read.
    if (hangs.hang.seconds < abortSeconds!) return void (ending = false);
    // As the first process of a container the kernel spares it both, and its own code has to do it.
    const ways = [
      () => process.kill(process.pid, "SIGABRT"),
      () => process.kill(process.pid, "SIGKILL"),
      () => abortFromMain(inspector),
    ];
    for (const way of ways) {
      try {
        way();
      } catch {
        continue; // Windows has no SIGABRT.
      }
      await new Promise((next) => setTimeout(next, signalMilliseconds));
    }
  };

  let wait = tickSeconds;
  let stalls = 0;
  let restsAt = Number.NEGATIVE_INFINITY;
  const wake = (): void => {
    const now = performance.now() / 1000;
    hangs.wake(now, board.beats, wait);
    if (abortSeconds !== undefined && hangs.hang.seconds >= abortSeconds) void end();
    if (board.stalls !== stalls) restsAt = now + alertSeconds;
    stalls = board.stalls;
    wait = hangs.hang.seconds > 0 || now < restsAt ? tickSeconds : restSeconds;
    setTimeout(wake, wait * 1000);
  };
  wake();
  const ready = (message: WatchMessage): void => {
    if (message.error !== undefined) {
      void say("watchdog_server_failed", "error", `Cannot serve /livez: ${message.error}`);
    }
    parentPort.postMessage(message);
  };
  if (!server) return ready({});
  const dead = (): string | undefined => hangs.hang.seconds >= deadSeconds ? describe(hangs.hang) : undefined;
  serveLivez(builtin<HttpLike>("node:http"), server, dead, ready);
}

function rounded(seconds: number): number {
  return Math.round(seconds * 1000) / 1000;
}

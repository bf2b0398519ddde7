/**
 * The ways between the primary of `node:cluster` and its workers. The primary passes on what workers say to each other.
 *
 * @module
 */

import type { Link, LinkContext, LinkSource } from "./hub.ts";
import { PacedWork } from "./paced_work.ts";

/** How many messages may wait to be written, and how many characters: a worker that was stopped takes none. */
const [mostUnwritten, mostCharacters] = [32, 4 * 2 ** 20];

/** Marks our messages among an app's own. */
const mark = "@rtm/runtime-metrics.copies";

/** What can be sent to, and tells when it was. */
interface Sender {
  send?(message: object, written: (error: Error | null) => void): unknown;
}

type WorkerLike = Sender;

type Listener = (...values: never[]) => void;

interface EmitterLike {
  on(event: string, listener: Listener): unknown;
  off(event: string, listener: Listener): unknown;
}

/** `node:cluster`. */
export interface ClusterLike extends EmitterLike {
  readonly isPrimary: boolean;
  readonly isWorker: boolean;
  readonly workers?: Readonly<Record<string, WorkerLike | undefined>>;
}

/** The process of a worker, whose messages are its primary's. */
export type ClusterProcessLike = EmitterLike & Sender;

/** After the news of its end a worker's last words may still come, for so long, in seconds. */
const lastWordsSeconds = 0.05;

/** Links a primary with its workers, or a worker with its primary. */
export function linkCluster(cluster: ClusterLike, process: ClusterProcessLike, context: LinkContext): LinkSource {
  return cluster.isPrimary ? linkWorkers(cluster, context) : linkPrimary(process, context);
}

function linkWorkers(cluster: ClusterLike, { hub, hello, runtime, refuse }: LinkContext): LinkSource {
  const writing = new PacedWork(runtime, () => refuse("a message cannot be written"));
  const links = new Map<WorkerLike, Link>();
  const message = (worker: WorkerLike, value: unknown): void => {
    const text = textOf(value);
    if (text === undefined) return;
    let link = links.get(worker);
    // Those that never speak are not spoken to: their messages are all the app's own.
    if (!link) {
      links.set(worker, link = linkTo(worker, writing, true));
      hub.add(link);
    }
    hub.received(link, text);
  };
  const lose = (worker: WorkerLike): void => {
    const link = links.get(worker);
    links.delete(worker);
    if (link) hub.lost(link);
  };
  const ended = (worker: WorkerLike): void => void runtime.startTimer?.(() => lose(worker), lastWordsSeconds);
  cluster.on("message", message);
  cluster.on("disconnect", ended);
  cluster.on("exit", ended);
  // Nobody has heard the hello of those that joined before.
  for (const worker of Object.values(cluster.workers ?? {})) if (worker) linkTo(worker, writing, true).send(hello());
  return {
    flush: () => writing.flush(),
    stop() {
      writing.flush();
      cluster.off("message", message);
      cluster.off("disconnect", ended);
      cluster.off("exit", ended);
    },
  };
}

function linkPrimary(process: ClusterProcessLike, { hub, hello, runtime, refuse }: LinkContext): LinkSource {
  const writing = new PacedWork(runtime, () => refuse("a message cannot be written"));
  const link = linkTo(process, writing, false);
  const message = (value: unknown): void => {
    const text = textOf(value);
    if (text !== undefined) hub.received(link, text);
  };
  process.on("message", message);
  hub.add(link);
  link.send(hello());
  return {
    flush: () => writing.flush(),
    stop() {
      writing.flush();
      process.off("message", message);
      hub.lost(link);
    },
  };
}

/** A primary sees its workers end; that a worker has lost its primary says nothing of the others. */
function linkTo(sender: Sender, writing: PacedWork, isLife: boolean): Link {
  let [unwritten, characters] = [0, 0];
  return {
    ...{ relays: true, isLife, isSameProcess: false },
    send(text) {
      if (unwritten >= mostUnwritten || (unwritten > 0 && characters + text.length > mostCharacters)) return;
      unwritten++;
      characters += text.length;
      const written = (): void => {
        unwritten--;
        characters -= text.length;
      };
      writing.do(sender, text.length, () => {
        try {
          // Without a listener of its own, an error of a broken channel would end the process.
          sender.send?.({ [mark]: text }, written);
        } catch {
          // The channel is closed.
          written();
        }
      });
    },
  };
}

function textOf(value: unknown): string | undefined {
  const text = typeof value === "object" && value !== null ? (value as Record<string, unknown>)[mark] : undefined;
  return typeof text === "string" ? text : undefined;
}

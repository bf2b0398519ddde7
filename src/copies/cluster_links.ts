/**
 * The ways between the primary of `node:cluster` and its workers. The primary passes on what workers say to each other.
 *
 * @module
 */

import { isObject } from "../check.ts";
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

type Listener = (...values: never[]) => void;

interface EmitterLike {
  on(event: string, listener: Listener): unknown;
  off(event: string, listener: Listener): unknown;
}

/** `node:cluster`. */
export interface ClusterLike extends EmitterLike {
  readonly isPrimary: boolean;
  readonly isWorker: boolean;
  readonly workers?: Readonly<Record<string, Sender | undefined>>;
}

/** The process of a worker, whose messages are its primary's. */
export type ClusterProcessLike = EmitterLike & Sender;

/** After the news of its end a worker's last words may still come, for so long, in seconds. */
const lastWordsSeconds = 0.05;

/** Links a primary with its workers, or a worker with its primary. */
export function linkCluster(
  cluster: ClusterLike,
  process: ClusterProcessLike,
  { hub, hello, runtime, refuse }: LinkContext,
): LinkSource {
  const { isPrimary } = cluster;
  const writing = new PacedWork(runtime, () => refuse("a message cannot be written"));
  const links = new Map<Sender, Link>();
  const linkWith = (sender: Sender): Link => {
    const link = linkTo(sender, writing, isPrimary);
    links.set(sender, link);
    hub.add(link);
    return link;
  };
  const received = (sender: Sender, value: unknown): void => {
    const text = textOf(value);
    // Workers that never speak are not spoken to: their messages are all the app's own.
    if (text !== undefined) hub.received(links.get(sender) ?? linkWith(sender), text);
  };
  const lose = (sender: Sender): void => {
    const link = links.get(sender);
    links.delete(sender);
    if (link) hub.lost(link);
  };
  const ended = (worker: Sender): void => void runtime.startTimer?.(() => lose(worker), lastWordsSeconds);
  const emitter: EmitterLike = isPrimary ? cluster : process;
  const listeners: readonly (readonly [event: string, listener: Listener])[] = isPrimary
    ? [["message", received], ["disconnect", ended], ["exit", ended]]
    : [["message", (value: unknown) => received(process, value)]];
  for (const [event, listener] of listeners) emitter.on(event, listener);
  if (!isPrimary) linkWith(process).send(hello());
  // Nobody has heard the hello of those that joined before.
  const joined = isPrimary ? Object.values(cluster.workers ?? {}) : [];
  for (const worker of joined) if (worker) linkTo(worker, writing, true).send(hello());
  return {
    flush: () => writing.flush(),
    stop() {
      writing.flush();
      for (const [event, listener] of listeners) emitter.off(event, listener);
      if (!isPrimary) lose(process);
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
  const text = isObject(value) ? (value as Record<string, unknown>)[mark] : undefined;
  return typeof text === "string" ? text : undefined;
}

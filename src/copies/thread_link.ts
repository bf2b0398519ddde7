/**
 * The way to the other threads and isolates of this process.
 *
 * @module
 */

import { isObject } from "../check.ts";
import type { Link, LinkContext, LinkSource } from "./hub.ts";
import type { Moment } from "./shared_reader.ts";
import type { ThreadMemory } from "./threads.ts";

/**
 * The channel of `node:worker_threads`: unlike the web's on Deno it can be unreferenced, and it reaches the isolates of
 * `deno serve --parallel` as well. What was posted arrives also if its sender is blocked from then on.
 */
export interface ChannelLike {
  postMessage(message: unknown): void;
  onmessage: ((event: { readonly data: unknown }) => void) | null;
  close(): void;
  unref(): void;
}

export type OpenChannel = new (name: string) => ChannelLike;

/** What goes over it: a message, whether it was passed on from another process, and the numbers of its sender's memory. */
type Parcel = readonly [text: string, isPassedOn: boolean, moment: Moment | undefined];

/** Or where memory is that can be read from then on; who is new wants that of all others. */
interface MemoryParcel {
  readonly memories: readonly ThreadMemory[];
  readonly isNew: boolean;
}

/** Links this thread with the others of its group. */
export function linkThreads(
  Channel: OpenChannel,
  group: string,
  { hub, hello, threads, refuse }: LinkContext,
): LinkSource {
  const channel = new Channel(`@rtm/runtime-metrics.copies.${group}`);
  const post = (parcel: Parcel | MemoryParcel): void => {
    try {
      channel.postMessage(parcel);
    } catch {
      // It is closed.
    }
  };
  const link: Link = {
    relays: true,
    isLife: false,
    isSameProcess: true,
    send: (text, isPassedOn = false, moment) => post([text, isPassedOn, moment]),
  };
  const meet = ({ memories, isNew }: MemoryParcel): void => {
    if (!threads) return;
    let areNew = false;
    try {
      for (const memory of memories) areNew = threads.meet(memory) || areNew;
    } catch {
      refuse("a thread of this process shares its memory in another way");
    }
    // Those that are blocked cannot answer themselves.
    if (isNew && areNew) post({ memories: [threads.own, ...threads.silent()], isNew: false });
  };
  channel.onmessage = ({ data }) => {
    if (!Array.isArray(data)) {
      if (isObject(data) && "memories" in data) meet(data as MemoryParcel);
      return;
    }
    const [text, isPassedOn, moment] = data as unknown as Parcel;
    if (typeof text === "string") {
      hub.received(link, text, isPassedOn === true, moment instanceof Float64Array ? moment : undefined);
    }
  };
  channel.unref();
  hub.add(link);
  if (threads) post({ memories: [threads.own], isNew: true });
  link.send(hello());
  return {
    stop() {
      hub.lost(link);
      channel.close();
    },
  };
}

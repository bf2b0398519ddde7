/**
 * The way to the other threads and isolates of this process.
 *
 * @module
 */

import type { Link, LinkContext, LinkSource } from "./hub.ts";

/**
 * The channel of `node:worker_threads`: unlike the web's on Deno it can be unreferenced, and it reaches the isolates of
 * `deno serve --parallel` as well.
 */
export interface ChannelLike {
  postMessage(message: unknown): void;
  onmessage: ((event: { readonly data: unknown }) => void) | null;
  close(): void;
  unref(): void;
}

/** Opens it. */
export type OpenChannel = new (name: string) => ChannelLike;

/** What goes over it: a message, and whether it was passed on from another process. */
type Parcel = readonly [text: string, isPassedOn: boolean];

/** Links this thread with the others of its group. */
export function linkThreads(Channel: OpenChannel, group: string, { hub, hello }: LinkContext): LinkSource {
  const channel = new Channel(`@rtm/runtime-metrics.copies.${group}`);
  const link: Link = {
    relays: true,
    isLife: false,
    isSameProcess: true,
    send(text, isPassedOn = false) {
      try {
        channel.postMessage([text, isPassedOn] satisfies Parcel);
      } catch {
        // It is closed.
      }
    },
  };
  channel.onmessage = ({ data }) => {
    const [text, isPassedOn] = Array.isArray(data) ? data as unknown as Parcel : [];
    if (typeof text === "string") hub.received(link, text, isPassedOn === true);
  };
  channel.unref();
  hub.add(link);
  link.send(hello());
  return {
    stop() {
      hub.lost(link);
      channel.close();
    },
  };
}

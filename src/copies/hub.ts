/**
 * The ways to other copies, whatever they are made of.
 *
 * @module
 */

import type { Runtime } from "../runtime/shim.ts";
import type { Threads } from "./threads.ts";
import type { Moment } from "./shared_reader.ts";
import { type MessageHead, protocol, readMessageHead } from "./message.ts";

/** One way: to one process, to a parent, or to all threads at once. */
export interface Link {
  /** Sends a message; it is dropped where those before it are not taken. It must not throw. */
  send(text: string, isPassedOn?: boolean, moment?: Moment): void;
  /** Whether messages that come from here go on to the other links like this, and theirs to here. */
  readonly relays: boolean;
  /** Whether who is reached by it has ended when it ends. */
  readonly isLife: boolean;
  /** Whether it reaches the threads of this process alone. */
  readonly isSameProcess: boolean;
}

export interface HubListener {
  /** A message for us, by its head and as a whole, whether it is of this process, and the numbers that came with it. */
  heard(head: MessageHead, text: string, isSibling: boolean, moment?: Moment): void;
  /** These will never speak again. */
  ended(ids: readonly string[]): void;
  /** Something came that is no message of ours. */
  refused(reason: string): void;
  /** A copy of this group cannot be understood. */
  stranger(id: string, reason: string): void;
}

/** Makes links, and ends them. */
export interface LinkSource {
  stop(): void;
  /** Sends at once what waits for its turn: there is no other before the end. */
  flush?(): void;
  /** Looks for those that were not there before. */
  look?(): void;
}

/** What those who make links are given. */
export interface LinkContext {
  readonly hub: Hub;
  readonly runtime: Pick<Runtime, "now" | "unixNow" | "startTimer" | "stopTimer" | "nextTurn">;
  /** What a copy says to those that do not know it. */
  hello(): string;
  /** Notes that a copy is there that has not spoken yet. */
  meet(id: string): void;
  /** Takes that back of one that is none; no page waits for it any more. */
  forget(id: string): void;
  /** Whether it has never said what a copy says, in whatever version. */
  isSilent(id: string): boolean;
  /** How long a page waits. */
  readonly deadlineSeconds: number;
  /** Counts what is not to be believed. */
  refuse(reason: string): void;
  /** The memory of this process' threads; undefined where they share none. */
  readonly threads?: Threads | undefined;
}

/**
 * Knows the links, and who is reached by which: it has seen by which of them each copy's messages came.
 *
 * The links that relay make a tree, such as the primary of a cluster with its workers, each with its threads, so what goes
 * on to all other links reaches everybody once.
 */
export class Hub {
  readonly #id: string;
  readonly #group: string;
  readonly #listener: HubListener;
  readonly #links = new Set<Link>();
  readonly #routes = new Map<string, Link>();

  constructor(id: string, group: string, listener: HubListener) {
    this.#id = id;
    this.#group = group;
    this.#listener = listener;
  }

  add(link: Link): void {
    this.#links.add(link);
  }

  /** Says something to one copy, or to all. */
  post(text: string, to?: string, moment?: Moment): void {
    const route = to === undefined ? undefined : this.#routes.get(to);
    if (route) return route.send(text, false, moment);
    for (const link of this.#links) link.send(text);
  }

  /** Takes what came by a link; what was passed on there already goes no further. */
  received(link: Link, text: string, isPassedOn = false, moment?: Moment): void {
    let head: MessageHead;
    try {
      head = readMessageHead(text);
    } catch {
      return this.#listener.refused("what came is no message of a copy");
    }
    const { version, group, from, to } = head;
    if (group !== this.#group || from === this.#id) return;
    if (version !== protocol) {
      return this.#listener.stranger(
        from,
        `a copy of the same group speaks version ${version}, and this one ${protocol}`,
      );
    }
    this.#routes.set(from, link);
    if (link.relays && !isPassedOn) this.#passOn(link, text, to);
    if (to === undefined || to === this.#id) {
      this.#listener.heard(head, text, link.isSameProcess && !isPassedOn, moment);
    }
  }

  /** Takes a link away. */
  lost(link: Link): void {
    this.#links.delete(link);
    const ids = [...this.#routes].filter(([, route]) => route === link).map(([id]) => id);
    for (const id of ids) this.#routes.delete(id);
    if (link.isLife && ids.length > 0) this.#listener.ended(ids);
  }

  forget(id: string): void {
    this.#routes.delete(id);
  }

  #passOn(from: Link, text: string, to: string | undefined): void {
    if (to === this.#id) return;
    const route = to === undefined ? undefined : this.#routes.get(to);
    if (route) {
      if (route !== from && route.relays) route.send(text, true);
      return;
    }
    for (const link of this.#links) if (link !== from && link.relays) link.send(text, true);
  }
}

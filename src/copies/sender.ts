/**
 * What one copy says to the others.
 *
 * @module
 */

import { Slices } from "../gather/loop_budget.ts";
import type { CopiesOptions } from "./copy_parts.ts";
import type { Hub } from "./hub.ts";
import type { KnownCopies } from "./known_copies.ts";
import { type MessageHead, type MessageKind, messageText } from "./message.ts";
import type { Report } from "./report.ts";
import type { Moment } from "./shared_reader.ts";

/** Writes messages, and sends them. */
export class Sender {
  readonly #options: CopiesOptions;
  readonly #known: KnownCopies;
  readonly #hub: () => Hub;
  /** What this process is called: all of its threads call it as the eldest does. */
  process: string;
  /** When the thread was born whose word for it we took. */
  #elderBornAt: number;

  constructor(options: CopiesOptions, known: KnownCopies, hub: () => Hub) {
    this.#options = options;
    this.#known = known;
    this.#hub = hub;
    this.process = options.identity.process;
    this.#elderBornAt = options.identity.bornAt;
  }

  /** Hears what another thread calls this process. */
  hearProcess({ process, bornAt }: MessageHead): void {
    if (process === undefined || bornAt === undefined || bornAt >= this.#elderBornAt) return;
    this.process = process;
    this.#elderBornAt = bornAt;
  }

  /** Does a copy read our memory, and that of our process' other threads? */
  isReader(id: string): boolean {
    return this.#options.shared !== undefined && this.#known.get(id)?.reads === true;
  }

  /** Sends a message: to one copy where `more` names it, or to all. */
  post(kind: MessageKind, more: Partial<MessageHead> = {}, reports: readonly Report[] = [], moment?: Moment): void {
    this.#hub().post(this.text(kind, more, reports), more.to, moment);
  }

  /** Sends reports: whole to those that do not read the memory of this process' threads. */
  async tell(kind: MessageKind, more: Partial<MessageHead>, reports: readonly Report[]): Promise<void> {
    const isReader = more.to !== undefined && this.isReader(more.to);
    const slices = new Slices(this.#options.runtime);
    const told: Report[] = [];
    for (const report of reports) {
      // Of one that has ended only those keep the memory that were there.
      const isRead = isReader && !this.#known.get(report.head.id)?.hasEnded;
      told.push(isRead ? report : await report.whole(slices));
    }
    this.post(kind, more, told);
  }

  text(kind: MessageKind, more: Partial<MessageHead> = {}, reports: readonly Report[] = []): string {
    const { identity: { id }, group, runtime, shared } = this.#options;
    const sender = { from: id, at: runtime.unixNow(), process: this.process, bornAt: this.#elderBornAt };
    return messageText({ kind, group, ...sender, ...(shared && { reads: true as const }), ...more }, reports);
  }
}

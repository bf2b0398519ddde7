/**
 * What the browser knows of each copy, and what is shown of them.
 *
 * @module
 */

import type { CopiesTold, Message } from "../../src/live/message.ts";
import { joinMessages, type Told, type View } from "./join_messages.ts";
import { JoinedRows } from "./joined_rows.ts";
import { backSeconds, firstRow, Rows, type RowsLike } from "./rows.ts";

/** One copy. */
export interface Copy {
  readonly id: string;
  readonly name: string;
  readonly process: string;
  readonly rows: Rows;
  /** What it told last; undefined before its first answer. */
  message: Message | undefined;
  /** It did not answer in time, or has no live page. */
  isSilent: boolean;
}

/** What is shown. */
export interface Shown {
  readonly view: View;
  readonly rows: RowsLike;
  /** The names of the copies that it is of. */
  readonly copies: readonly Copy[];
}

/** By this name all copies are asked for. */
export const everyCopy = "all";

/** A copy whose newest row is this much older than another's does not hold the others back, in seconds. */
const patienceSeconds = 3;

/** Whoever has not answered for so long is gone, in seconds. */
const goneSeconds = 60;

/** By a clock that nobody sets. */
const secondsNow = (): number => performance.now() / 1000;

/** All copies. */
export class Store {
  /** The one that answers first. */
  copies: readonly Copy[] = [];
  /** Which is shown: an id, or all of them. */
  picked: string = everyCopy;
  #joined: JoinedRows | undefined;
  /** When the process that is shown answered last, and when another one did. */
  #answeredAt = 0;
  #otherAt = -Infinity;

  /** The next question. */
  get question(): Readonly<Record<string, string>> {
    const cursors = this.copies.flatMap(({ message }) => message ? [message.cursor] : []);
    return { since: cursors.join() || "0", copy: everyCopy };
  }

  /** Has a process answered lately that is not the one that is shown? */
  get isShared(): boolean {
    return secondsNow() - this.#otherAt < goneSeconds;
  }

  /** Takes an answer; tells when a process was seen to be another than before. */
  add({ copies: told }: CopiesTold): number | undefined {
    const before = this.copies;
    if (this.#isOfAnother(told[0], before[0])) return void (this.#otherAt = secondsNow());
    this.#answeredAt = secondsNow();
    const [ownBefore, own] = [before[0], told[0]];
    const isSuccessor = own !== undefined && !told.some(({ id }) => id === ownBefore?.id) &&
      succeeds(own.told, ownBefore);
    let restarted: number | undefined;
    let from = Infinity;
    this.copies = told.map(({ id, name, process, told: message }, i) => {
      // Joined copies have another id when they are started anew; what answers goes on where the one before it ended.
      const known = before.find((copy) => copy.id === id) ?? (i === 0 && isSuccessor ? ownBefore : undefined);
      const copy: Copy = {
        id,
        name,
        process,
        rows: known?.rows ?? new Rows(),
        message: known?.message,
        isSilent: true,
      };
      if (!message) return copy;
      const added = copy.rows.add(message);
      from = Math.min(from, added.from);
      if (added.isNew && i === 0) restarted = message.now;
      return { ...copy, message, isSilent: false };
    });
    if (this.picked === ownBefore?.id && isSuccessor) this.picked = own.id;
    else if (!told.some(({ id }) => id === this.picked)) this.picked = everyCopy;
    this.#join(from);
    return restarted;
  }

  /** What is picked; undefined before there is anything. */
  shown(): Shown | undefined {
    const picked = this.copies.filter(({ id }) => this.picked === everyCopy || this.picked === id);
    const copies = alike(picked);
    const [first, ...others] = copies.map(({ id, name, process, message }): Told => ({
      id,
      name,
      process,
      message: message!,
    }));
    if (!first) return undefined;
    const rows = copies.length === 1 ? copies[0]!.rows : this.#joined!;
    return { view: joinMessages([first, ...others]), rows, copies };
  }

  /** Of several processes behind one address that are not joined, one is shown as long as it answers. */
  #isOfAnother(own: CopiesTold["copies"][number] | undefined, shown: Copy | undefined): boolean {
    if (!own?.told || !shown?.message || own.id !== shown.id || own.told.run === shown.message.run) return false;
    return !succeeds(own.told, shown) && secondsNow() - this.#answeredAt < goneSeconds;
  }

  #join(from: number): void {
    const copies = alike(this.copies);
    if (copies.length < 2) return void (this.#joined = undefined);
    const newest = copies.filter(({ rows }) => rows.count > 0).map(({ rows }) => rows.time(rows.count - 1));
    const last = Math.max(...newest);
    const until = Math.min(...newest.filter((unix) => unix > last - patienceSeconds));
    const columns = copies[0]!.message!.columns;
    let joined = this.#joined;
    if (joined?.columns.join() !== columns.join() || until < joined.time(joined.count - 1) - backSeconds) {
      joined = this.#joined = new JoinedRows(columns);
      from = Math.min(...copies.map(({ rows }) => rows.time(firstRow(rows, -Infinity))));
    }
    joined.update(copies, from, until);
    joined.restarts.splice(0, 20, ...copies[0]!.rows.restarts);
  }
}

/**
 * Did a process begin when the other one had ended, or is it the same with another monitor? Of several behind one address each
 * answers now and then, and one that was there already has not been started anew.
 */
function succeeds(
  message: Message | undefined,
  { message: before }: { readonly message?: Message | undefined } = {},
): boolean {
  const began = beganAt(message);
  if (began === undefined || before === undefined || began > before.now - 1) return true;
  return message!.about.pid === before.about.pid && Math.abs(began - beganAt(before)!) < patienceSeconds;
}

/** When a process began, as Unix time in seconds; undefined where it does not tell. */
function beganAt(message: Message | undefined): number | undefined {
  const uptime = message?.about.uptimeSeconds;
  return uptime === undefined ? undefined : message!.now - uptime;
}

/** Those that have told something, and measure lag in the same buckets. */
function alike(copies: readonly Copy[]): Copy[] {
  const told = copies.filter(({ message }) => message);
  const [first] = told;
  return told.filter(({ message }) => message!.lagBounds.join() === first!.message!.lagBounds.join());
}

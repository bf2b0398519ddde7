/**
 * What one copy knows of the others.
 *
 * @module
 */

import type { DigestEntry } from "./message.ts";
import type { Report } from "./report.ts";

/** How many of those whose sums were inherited are known by name, and of those that cannot be understood. */
const mostNamed = 2000;

/** What others say of the end of a copy that spoke later than this many seconds ago is old. */
const sinceHeardSeconds = 1;

export interface KnownCopy {
  readonly id: string;
  /** Its newest report; undefined before the first. */
  report: Report | undefined;
  hasEnded: boolean;
  /** Whether it was heard to be a thread of this process, whatever it calls its process. */
  isSibling: boolean;
  /** Whether it reads the memory of this process' other threads. */
  reads: boolean;
  /** When it was met or has ended, by the runtime's clock. */
  since: number;
  /** When it spoke last itself; undefined where it never has. */
  heardAt: number | undefined;
  /** Since when a question waits for its answer, by the runtime's clock; undefined where it has spoken since. */
  owesSince: number | undefined;
}

export class KnownCopies {
  /** Who knows this. */
  readonly id: string;
  readonly #now: () => number;
  readonly #copies = new Map<string, KnownCopy>();
  /** Those whose sums another copy tells, or this one. */
  readonly #inherited = new Set<string>();
  /** Those of another version. */
  readonly #strangers = new Set<string>();

  constructor(id: string, now: () => number) {
    this.id = id;
    this.#now = now;
  }

  all(): IterableIterator<KnownCopy> {
    return this.#copies.values();
  }

  get(id: string): KnownCopy | undefined {
    return this.#copies.get(id);
  }

  living(): KnownCopy[] {
    return [...this.all()].filter(({ hasEnded }) => !hasEnded);
  }

  /** Those of them that have told something, the eldest first. */
  byAge(ids: Iterable<string>): KnownCopy[] {
    const bornAt = ({ report }: KnownCopy): number => report!.head.bornAt;
    return [...ids].flatMap((id) => this.get(id) ?? []).filter(({ report }) => report)
      .sort((a, b) => bornAt(a) - bornAt(b) || (a.id < b.id ? -1 : 1));
  }

  /** The number of the newest report of a copy; 0 before the first. */
  numberOf(id: string): number {
    return this.get(id)?.report?.head.number ?? 0;
  }

  /** Those that have ended and whose sums nobody has inherited. */
  ended(): KnownCopy[] {
    return [...this.all()].filter(({ hasEnded }) => hasEnded);
  }

  /** Notes that a copy is there; returns undefined for one whose sums were inherited, or that is not understood. */
  meet(id: string): KnownCopy | undefined {
    if (id === this.id || this.#inherited.has(id) || this.#strangers.has(id)) return undefined;
    let copy = this.#copies.get(id);
    if (!copy) {
      copy = {
        ...{ id, report: undefined, hasEnded: false, isSibling: false, reads: false, since: this.#now() },
        ...{ heardAt: undefined, owesSince: undefined },
      };
      this.#copies.set(id, copy);
    }
    return copy;
  }

  /** Notes that a copy has spoken itself. */
  heard(id: string, isSibling: boolean, reads = false): void {
    const copy = this.meet(id);
    if (!copy) return;
    copy.hasEnded = false;
    copy.isSibling ||= isSibling;
    copy.reads ||= isSibling && reads;
    copy.heardAt = this.#now();
    copy.owesSince = undefined;
  }

  /** Whether a copy has never spoken itself. */
  isSilent(id: string): boolean {
    return !this.#strangers.has(id) && !this.#inherited.has(id) && this.#copies.get(id)?.heardAt === undefined;
  }

  /** Forgets who was met and never told anything. */
  forget(id: string): void {
    if (this.#copies.get(id)?.report === undefined) this.#copies.delete(id);
  }

  /** From now on nothing is believed of this copy, which others may have met; returns whether that is new. */
  shun(id: string): boolean {
    this.#copies.delete(id);
    const before = this.#strangers.size;
    if (before < mostNamed) this.#strangers.add(id);
    return this.#strangers.size > before;
  }

  /** Notes that a thread of this process is there. */
  meetSibling(id: string): void {
    const copy = this.meet(id);
    if (copy) copy.isSibling = true;
  }

  end(id: string): void {
    const copy = this.#copies.get(id);
    if (!copy || copy.hasEnded) return;
    copy.hasEnded = true;
    copy.since = this.#now();
  }

  /** Notes what another copy knows of this one: some ways tell an end, and others do not. */
  hearsay(id: string, hasEnded: boolean): void {
    const copy = this.meet(id);
    if (hasEnded && copy && this.#now() - (copy.heardAt ?? -Infinity) > sinceHeardSeconds) this.end(id);
  }

  /** Takes what is newer in a report than what is known. */
  absorb(report: Report): void {
    const { id, heirOf } = report.head;
    for (const each of heirOf) this.inherit(each);
    const copy = this.meet(id);
    if (copy) copy.report = copy.report?.newest(report) ?? report;
  }

  /** From now on somebody tells the sums of this copy as its own. */
  inherit(id: string): void {
    this.#copies.delete(id);
    // As a new one, it is the last to be forgotten.
    this.#inherited.delete(id);
    this.#inherited.add(id);
    if (this.#inherited.size <= mostNamed) return;
    const [oldest] = this.#inherited;
    this.#inherited.delete(oldest!);
  }

  hasHeir(id: string): boolean {
    return this.#inherited.has(id);
  }

  /** Which reports are known; who has only been met may be no copy, and is not passed on. */
  digest(): DigestEntry[] {
    return [...this.#copies.values()]
      .filter(({ report, heardAt, isSibling }) => report || isSibling || heardAt !== undefined)
      .map(({ id, report, hasEnded }) => [id, report?.head.number ?? 0, hasEnded ? 1 : 0]);
  }
}

/** The newest reports of those that have told one. */
export function reportsOf(copies: readonly (KnownCopy | undefined)[]): Report[] {
  return copies.flatMap((copy) => copy?.report ? [copy.report] : []);
}

/** Names the process of a copy, as this copy's is named where they are threads of one. */
export function processOf({ isSibling, report }: KnownCopy, own: string): string {
  return isSibling ? own : report?.head.process ?? "";
}

/**
 * The other threads of this process whose memory is read.
 *
 * @module
 */

import type { FamilySnapshot } from "../gather/family_snapshot.ts";
import { beatEntries } from "../metrics/catalog/beat.ts";
import { Sampled } from "../metrics/sampled.ts";
import { takeSnapshot } from "../gather/family_snapshot.ts";
import type { Runtime } from "../runtime/shim.ts";
import type { ThreadLife } from "../runtime/thread_life.ts";
import type { LagReading, Sample } from "../sample.ts";
import { readExemplars } from "./family_wire.ts";
import { isId, type Report, reportOf } from "./report.ts";
import { BeatReader } from "./shared_beat.ts";
import { SharedViews } from "./shared_layout.ts";
import { type LiveReading, type Moment, SharedReader } from "./shared_reader.ts";

export interface ThreadMemory {
  readonly id: string;
  readonly buffer: SharedArrayBuffer;
  readonly copy: string;
  readonly process: string;
  readonly bornAt: number;
  /** By which its end is told. */
  readonly mark: string | undefined;
  readonly prefix: string;
  readonly staticLabels: Readonly<Record<string, string>>;
}

/** A thread whose next beat is later than this may have ended, in seconds. */
const silentSeconds = 0.1;

interface Thread {
  readonly memory: ThreadMemory;
  readonly reader: SharedReader;
  readonly beat: BeatReader;
}

/** Reads the memory of this process' other threads. */
export class Threads {
  readonly own: ThreadMemory;
  readonly #life: ThreadLife;
  readonly #runtime: Pick<Runtime, "unixNow">;
  readonly #met: (id: string) => void;
  readonly #threads = new Map<string, Thread>();

  /** `met` is told of each that was not known. */
  constructor(own: ThreadMemory, life: ThreadLife, runtime: Pick<Runtime, "unixNow">, met: (id: string) => void) {
    this.own = own;
    this.#life = life;
    this.#runtime = runtime;
    this.#met = met;
  }

  /** Takes a thread's memory; false where it is known, or none of ours. */
  meet(memory: ThreadMemory): boolean {
    const { id, buffer, copy, process } = memory;
    const isRight = isId(id) && isId(process) && typeof copy === "string" && buffer instanceof SharedArrayBuffer;
    if (!isRight || id === this.own.id || this.#threads.has(id)) return false;
    const views = new SharedViews(buffer);
    this.#threads.set(id, { memory, reader: new SharedReader(views), beat: new BeatReader(views) });
    this.#met(id);
    return true;
  }

  has(id: string): boolean {
    return this.#threads.has(id);
  }

  /** Reads no more of one that has ended or left. */
  forget(id: string): void {
    this.#threads.delete(id);
  }

  /** How late a thread's next beat is, in seconds; 0 where that is not known. */
  overdueSeconds(id: string): number {
    return this.#threads.get(id)?.beat.overdueSeconds(this.#runtime.unixNow()) ?? 0;
  }

  /** Those that cannot tell of themselves now. */
  silent(): ThreadMemory[] {
    return [...this.#threads.values()].map(({ memory }) => memory)
      .filter(({ id }) => this.overdueSeconds(id) > silentSeconds);
  }

  /** Finds which of these have ended. */
  async ended(ids: readonly string[]): Promise<string[]> {
    const marks = ids.map((id) => this.#threads.get(id)?.memory.mark);
    const ended = new Set<string | undefined>(await this.#life.ended(marks.filter((mark) => mark !== undefined)));
    return ids.filter((_, i) => marks[i] !== undefined && ended.has(marks[i]));
  }

  /** Adds what is in its memory to what a thread has told: as of the moment that came with it, or as of now. */
  complete(report: Report, moment?: Moment): Report | undefined {
    const thread = this.#threads.get(report.head.id);
    if (!thread) return undefined;
    const reading = moment ? { number: report.head.number, moment } : thread.reader.read();
    return reading && this.#made(thread, report, reading);
  }

  /** Reads a thread as it is now, with what it told last; undefined where its memory is not known, or never stands still. */
  live(id: string, last: Report | undefined): Report | undefined {
    const thread = this.#threads.get(id);
    const reading = thread?.reader.read();
    if (!thread || !reading) return undefined;
    const lag = thread.beat.lag(this.#runtime.unixNow());
    const told = lag ? lagFamilies(thread.memory, lag) : [];
    return this.#made(thread, last ?? reportOf(thread.memory, 0, {}, []), reading, told);
  }

  #made(thread: Thread, report: Report, { number, moment }: LiveReading, more: readonly FamilySnapshot[] = []): Report {
    const { exemplars = {} } = report.head;
    const read = thread.reader.families(
      moment,
      (name) => Object.hasOwn(exemplars, name) ? readExemplars(exemplars[name], Infinity) : undefined,
    );
    return report.with([...read, ...more], number);
  }
}

const nothing: Sample = { pending: new Map(), oldestAges: new Map(), pools: new Map() };

function lagFamilies({ prefix, staticLabels }: ThreadMemory, lag: LagReading): FamilySnapshot[] {
  return beatEntries.map(({ name, type, help, labels, aggregator, read }) => {
    const options = { name: prefix + name, help, labelNames: labels, aggregator, staticLabels };
    const kind = type === "counter" ? type : "gauge";
    return takeSnapshot(new Sampled(kind, options, () => read!({ ...nothing, lag })));
  });
}

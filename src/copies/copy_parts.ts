/**
 * What one copy is made of.
 *
 * @module
 */

import type { Gathered } from "../gather/gather.ts";
import type { SelfMetrics } from "../metrics/self_metrics.ts";
import type { MessageHead } from "./message.ts";
import type { Runtime } from "../runtime/shim.ts";
import type { SharedReader } from "./shared_reader.ts";
import type { SharedSlots } from "./shared_slots.ts";
import type { Threads } from "./threads.ts";

export interface Identity {
  readonly id: string;
  /** What the label `copy` says. */
  readonly copy: string;
  /** Copies of the same process have the same, where that is known from the start. */
  readonly process: string;
  /** As Unix time in seconds. */
  readonly bornAt: number;
}

/** The memory of this process' threads: this one's, as it is written and read, and that of the others. */
export interface Shared {
  readonly slots: SharedSlots;
  readonly reader: SharedReader;
  readonly threads: Threads;
}

export interface CopiesOptions {
  readonly identity: Identity;
  readonly group: string;
  readonly deadlineSeconds: number;
  readonly runtime: Runtime;
  readonly self: SelfMetrics;
  /** What our own metrics begin with. */
  readonly prefix: string;
  /** Takes the snapshot of this copy alone. */
  gatherOwn(taken: () => void): Promise<Gathered>;
  /** The memory that this copy's slots are in, and who reads that of the other threads; undefined where there is none. */
  readonly shared?: Shared | undefined;
  /** Called when a page is asked for. */
  look(): void;
  /** Takes a message that a door sent to the same one here; answers whether it was one. */
  tookQuestion(head: MessageHead): boolean;
  /** Says something that is worth a line, once. */
  warn(sentence: string): void;
}

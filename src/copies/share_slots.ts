/**
 * Moves the slots of a core to memory that the other threads of this process read.
 *
 * @module
 */

import type { Core } from "../core/core.ts";
import type { GlobalLike } from "../runtime/shim.ts";
import { watchThreads } from "../runtime/thread_life.ts";
import type { Identity, Shared } from "./copy_parts.ts";
import { SharedBeat } from "./shared_beat.ts";
import { SharedReader } from "./shared_reader.ts";
import { SharedSlots } from "./shared_slots.ts";
import { Threads } from "./threads.ts";

/** What was moved. */
export interface SharedCore extends Shared {
  /** Takes everything back. */
  stop(): void;
}

/** Moves them; undefined where threads share no memory that grows. `met` is told of each other thread. */
export function shareSlots(
  core: Core,
  global: GlobalLike,
  { id, copy, process, bornAt }: Identity,
  met: (id: string) => void,
): SharedCore | undefined {
  const slots = SharedSlots.make();
  if (!slots) return undefined;
  const { runtime, settings: { prefix, labels: staticLabels } } = core;
  const life = watchThreads(global, runtime, id);
  const { views } = slots;
  const own = { id, buffer: views.buffer, copy, process, bornAt, mark: life.mark, prefix, staticLabels };
  core.share(slots);
  core.writeBeatsTo(new SharedBeat(views));
  return {
    slots,
    reader: new SharedReader(views),
    threads: new Threads(own, life, runtime, met),
    stop() {
      core.writeBeatsTo(undefined);
      core.share(undefined);
    },
  };
}

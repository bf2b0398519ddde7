/**
 * Keeps the newest stalls, with the functions that were under way.
 *
 * @module
 */

import { soon } from "../runtime/promise.ts";
import type { Core } from "../core/core.ts";
import type { Stall } from "../process/blame.ts";
import type { CpuProfile, ProfilePiece } from "../runtime/profiler.ts";
import { sharedByCopies } from "../runtime/shared_global.ts";
import { heldBy, type LoopHolder } from "../work/loop_blame.ts";
import { analyse, type Places } from "./analysis.ts";
import { cutProfile, weightOf } from "./profile_text.ts";
import type { RecordedStall } from "./recorded_stall.ts";
import { sampleSeconds, type StackSampler } from "./stack_sampler.ts";
import type { StallSettings } from "./stall_options.ts";

/** The source of what goes wrong here, in `metrics_errors_total`. */
const errorSource = "stalls";

/** A process that stalls all the time must not be slowed further. What measuring itself does takes nobody's place. */
const analysisSeconds = 1;

/** What all profiles that are kept may hold together, in numbers; some 8 MB. */
const mostWeight = 500_000;

/** What measuring itself did on the loop. */
const metrics: LoopHolder = { heldBy: () => ["metrics", ""] };

/** What the app did with a stall that it was told. */
const listening: LoopHolder = { heldBy: () => ["metrics", "onStall"] };

/** Whose stalls are recorded in this thread, by who records them, for every copy of this package. */
const recorded = sharedByCopies("recorded", () => new Map<object, Core>());

interface Kept {
  stall: RecordedStall;
  profile?: CpuProfile;
}

/** Where the functions come from. */
export interface StackSource {
  readonly sampler: StackSampler;
  readonly places: Places;
}

export class StallRecording {
  readonly #core: Core;
  readonly #settings: StallSettings;
  readonly #stacks: StackSource | undefined;
  readonly #leave: (() => void) | undefined;
  readonly #heard = (stall: Stall): void => this.#hear(stall);
  /** The oldest first. */
  #kept: Kept[] = [];
  #weight = 0;
  #number = 0;
  #analysedUntil = Number.NEGATIVE_INFINITY;

  /** Begins; throws where the profiler is refused. */
  constructor(core: Core, settings: StallSettings, stacks: StackSource | undefined) {
    this.#core = core;
    this.#settings = settings;
    this.#stacks = stacks;
    core.self.expect(errorSource);
    this.#leave = stacks?.sampler.join({ hold: (work) => this.#hold(work), settle: () => core.settle() });
    core.onStall.add(this.#heard);
    recorded.set(this, core);
  }

  /** The stalls that are kept, the newest first. */
  recent(): readonly RecordedStall[] {
    // Copies: whoever writes on one changes no other answer.
    return this.#kept.map(({ stall }) => structuredClone(stall)).reverse();
  }

  /** The profile of a stall; undefined where there is none, or none any more. */
  profile(id: string): string | undefined {
    const profile = this.#kept.find(({ stall }) => stall.id === id)?.profile;
    return profile && JSON.stringify(profile);
  }

  /** Records nothing more; what is kept stays. */
  stop(): void {
    this.#core.onStall.delete(this.#heard);
    recorded.delete(this);
    this.#leave?.();
  }

  #hear(stall: Stall): void {
    if (stall.seconds < this.#settings.thresholdSeconds) return;
    // Behind the beat that tells it, which has still to settle its own time.
    soon(() => this.#core.self.attempt(errorSource, () => this.#record(stall)));
  }

  #record(stall: Stall): void {
    const { runtime } = this.#core;
    const now = runtime.now();
    const [{ kind, name, traceId }] = stall.shares as [Stall["shares"][number]];
    const beganAtUnixSeconds = runtime.unixNow() - (now - stall.endedAt) - stall.seconds;
    const kept: Kept = {
      stall: {
        id: `${Math.round(beganAtUnixSeconds * 1000).toString(36)}-${(++this.#number).toString(36)}`,
        beganAtUnixSeconds,
        seconds: stall.seconds,
        ...(stall.cpuSeconds !== undefined && { cpuSeconds: stall.cpuSeconds }),
        ...(stall.gcSeconds !== undefined && { gcSeconds: stall.gcSeconds }),
        kind,
        name,
        ...(traceId !== undefined && { traceId }),
        frames: [],
      },
    };
    this.#kept.push(kept);
    this.#trim();
    const isOurs = kind === "metrics" && name === "";
    // By their ends: a short one is told only when a long one right behind it is over.
    if (!this.#stacks || isOurs || stall.endedAt - this.#analysedUntil < analysisSeconds) return this.#tell(kept);
    this.#analysedUntil = stall.endedAt;
    this.#hold(() =>
      this.#stacks!.sampler.pieceUntil(stall.endedAt, (piece) => {
        if (piece) this.#core.self.attempt(errorSource, () => this.#hold(() => this.#explain(kept, stall, piece)));
        this.#tell(kept);
      })
    );
  }

  #explain(kept: Kept, { endedAt, seconds }: Stall, piece: ProfilePiece): void {
    const { places } = this.#stacks!;
    const { culprit, frames, window } = analyse(piece, endedAt - seconds, endedAt, sampleSeconds, places);
    kept.stall = { ...kept.stall, ...(culprit && { culprit }), frames };
    if (window.end === window.first || !this.#kept.includes(kept)) return;
    kept.profile = cutProfile(piece.profile, window);
    this.#weight += weightOf(kept.profile);
    this.#trim();
  }

  #trim(): void {
    while (this.#kept.length > this.#settings.keep) this.#forget(this.#kept.shift()!);
    for (const each of this.#kept) {
      if (this.#weight <= mostWeight) return;
      this.#forget(each);
    }
  }

  #forget(kept: Kept): void {
    if (kept.profile) this.#weight -= weightOf(kept.profile);
    delete kept.profile;
  }

  #tell({ stall }: Kept): void {
    const { onStall } = this.#settings;
    // Told of what it does itself, it would do so for ever.
    if (!onStall || (stall.kind === "metrics" && stall.name !== "")) return;
    this.#core.self.attempt(errorSource, () => this.#hold(() => onStall(structuredClone(stall)), listening));
  }

  /** Each of them is told who it is: of what the other one does with a stall, two would tell each other for ever. */
  #hold<Result>(work: () => Result, holder = metrics): Result {
    const cores = new Set([this.#core, ...recorded.values()]);
    const held = [...cores].reduce(
      (inner, { blame, runtime }) => () => heldBy(blame, runtime.now, holder, inner),
      work,
    );
    return held();
  }
}

/**
 * The stalls that the page tells of: those of `recordStalls()`, or else what the monitor itself knows.
 *
 * @module
 */

import type { Core } from "../core/core.ts";
import { atOnce } from "../runtime/promise.ts";
import type { LiveFrame, LiveStall, LiveStalls } from "./options.ts";
import { mostStalls } from "./own_stalls.ts";

/** The most frames of each that are told. */
const mostFrames = 40;

/** How long after the page was made a process still begins, in seconds: what it imports, and its first connections. */
const startSeconds = 5;

/** A stall as the page shows it. */
export interface ShownStall extends Omit<LiveStall, "id" | "culprit" | "frames"> {
  readonly id: string;
  readonly culprit?: string | undefined;
  /** How many frames are told when they are asked for. */
  readonly frames: number;
  /** The process was still beginning: its modules were loaded, and nobody is accused. */
  readonly isStart: boolean;
}

/** Tells the newest stalls. */
export class StallList {
  readonly #given: LiveStalls;
  readonly #core: Core;
  readonly #beganAt: number;
  /** Why there are none; undefined where there can be some. */
  readonly absent: string | undefined;

  /** Makes a list of what `recordStalls()` keeps, or else we; `beganAt` is when the page was made, as Unix time in seconds. */
  constructor(core: Core, given: LiveStalls | undefined, own: LiveStalls | undefined, beganAt: number) {
    this.#core = core;
    this.#given = given ?? own!;
    this.#beganAt = beganAt;
    this.absent = given || core.blame ? undefined : "The event loop is not measured here.";
  }

  /** The newest first. */
  recent(): ShownStall[] {
    return this.#all().map((stall) => ({
      id: String(stall.id),
      beganAtUnixSeconds: stall.beganAtUnixSeconds,
      seconds: stall.seconds,
      cpuSeconds: stall.cpuSeconds,
      gcSeconds: stall.gcSeconds,
      kind: String(stall.kind),
      name: String(stall.name ?? ""),
      culprit: placeText(stall.culprit),
      traceId: stall.traceId,
      frames: Math.min(mostFrames, stall.frames?.length ?? 0),
      isStart: stall.kind === "unknown" && stall.beganAtUnixSeconds <= this.#beganAt + startSeconds,
    }));
  }

  /** The frames of one of them, the heaviest first; undefined when it is no longer kept. */
  frames(id: string): readonly { readonly place: string; readonly share: number | undefined }[] | undefined {
    const stall = this.#find(id);
    return stall && (stall.frames ?? []).slice(0, mostFrames).map((frame) => ({
      place: placeText(frame) ?? "(anonymous)",
      share: frame.share,
    }));
  }

  /** The `.cpuprofile` of one of them as text; undefined when there is none. */
  profile(id: string): string | undefined {
    const stall = this.#find(id);
    const profile = this.#given.profile as ((this: LiveStalls, id: string | number) => string | undefined) | undefined;
    return this.#attempt(() => stall && atOnce("profile", profile?.call(this.#given, stall.id)));
  }

  /** Can profiles be downloaded? */
  get hasProfiles(): boolean {
    return this.#given.profile !== undefined;
  }

  #find(id: string): LiveStall | undefined {
    return this.#all().find((stall) => String(stall.id) === id);
  }

  #all(): LiveStall[] {
    return this.#attempt(() =>
      atOnce("recent", this.#given.recent())
        .filter(({ beganAtUnixSeconds, seconds }) => beganAtUnixSeconds > 0 && seconds > 0)
        .sort((a, b) => b.beganAtUnixSeconds - a.beganAtUnixSeconds).slice(0, mostStalls)
    ) ?? [];
  }

  /** What a recorder of the app's throws, or promises by mistake, costs the list alone. */
  #attempt<Value>(act: () => Value): Value | undefined {
    return this.#core.self.attempt("live", act);
  }
}

/** Says a place in the code, such as `parseReport (report.ts:41)`; the path before the file's name is left out. */
export function placeText(place: LiveFrame | string | undefined): string | undefined {
  if (place === undefined || place === null || typeof place === "string") return place || undefined;
  const { functionName, file, line } = place;
  const name = file && String(file).split(/[\\/]/).at(-1);
  const where = name && (line === undefined ? name : `${name}:${line}`);
  if (!functionName) return where || undefined;
  return where ? `${functionName} (${where})` : String(functionName);
}

/**
 * The stalls that the page tells of: those of `recordStalls()`, or else what the monitor itself knows.
 *
 * @module
 */

import type { Core } from "../core/core.ts";
import { atOnce } from "../runtime/promise.ts";
import type { Stall } from "../process/blame.ts";
import type { LiveFrame, LiveStall, LiveStalls } from "./options.ts";

/** The most stalls that are kept and told, and the most frames of each. */
const mostStalls = 50;
const mostFrames = 40;

/** A stall as the page shows it. */
export interface ShownStall extends Omit<LiveStall, "id" | "culprit" | "frames"> {
  readonly id: string;
  readonly culprit?: string | undefined;
  /** How many frames are told when they are asked for. */
  readonly frames: number;
  /** The process was still beginning: its modules were loaded, and nobody is accused. */
  readonly isStart: boolean;
}

/** Keeps the newest stalls. */
export class StallList {
  readonly #given: LiveStalls | undefined;
  readonly #self: Core["self"] | undefined;
  readonly #beganAt: number;
  #own: LiveStall[] = [];
  #count = 0;
  /** Why there are none; undefined where there can be some. */
  readonly absent: string | undefined;
  /** Takes the list off the core. */
  readonly stop: () => void;

  /** Makes a list of what `recordStalls()` keeps, or of what the core tells from now on. */
  constructor(core: Core | undefined, given: LiveStalls | undefined) {
    this.#given = given;
    this.#self = core?.self;
    this.#beganAt = core?.runtime.unixNow() ?? 0;
    this.absent = given || core?.blame ? undefined : "The event loop is not measured here.";
    const take = (stall: Stall): void => {
      this.#own.unshift(this.#told(core!, stall));
      if (this.#own.length > mostStalls) this.#own.length = mostStalls;
    };
    if (core && !given) core.onStall.add(take);
    this.stop = () => core?.onStall.delete(take);
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
      isStart: stall.kind === "unknown" && stall.beganAtUnixSeconds <= this.#beganAt,
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
    const profile = this.#given?.profile as ((this: LiveStalls, id: string | number) => string | undefined) | undefined;
    return this.#attempt(() => stall && atOnce("profile", profile?.call(this.#given!, stall.id)));
  }

  /** Can profiles be downloaded? */
  get hasProfiles(): boolean {
    return this.#given?.profile !== undefined;
  }

  #find(id: string): LiveStall | undefined {
    return this.#all().find((stall) => String(stall.id) === id);
  }

  #all(): LiveStall[] {
    const given = this.#given;
    if (!given) return this.#own;
    return this.#attempt(() =>
      atOnce("recent", given.recent())
        .filter(({ beganAtUnixSeconds, seconds }) => beganAtUnixSeconds > 0 && seconds > 0)
        .sort((a, b) => b.beganAtUnixSeconds - a.beganAtUnixSeconds).slice(0, mostStalls)
    ) ?? [];
  }

  /** What a recorder of the app's throws, or promises by mistake, costs the list alone. */
  #attempt<Value>(act: () => Value): Value | undefined {
    return this.#self?.attempt("live", act);
  }

  #told({ runtime }: Core, { endedAt, seconds, cpuSeconds, gcSeconds, shares }: Stall): LiveStall {
    const { kind, name, traceId } = shares[0]!;
    const beganAtUnixSeconds = runtime.unixNow() - (runtime.now() - endedAt) - seconds;
    return { id: String(++this.#count), beganAtUnixSeconds, seconds, cpuSeconds, gcSeconds, kind, name, traceId };
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

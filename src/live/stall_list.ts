/**
 * The stalls that the page tells of: all that the monitor itself knows, with the functions that `recordStalls()` has found.
 *
 * @module
 */

import type { Core } from "../core/core.ts";
import { atOnce } from "../runtime/promise.ts";
import type { LiveFrame, LiveStall, LiveStalls } from "./options.ts";
import { mostStalls } from "./own_stalls.ts";

/** The most frames of each that are told. */
const mostFrames = 40;

/**
 * How long before and after the page was made a process begins, in seconds: what it imports, and its first connections. What
 * is told of long before was told by a clock that has been set back since.
 */
const [startSecondsBefore, startSecondsAfter] = [60, 5];

export interface ShownStall extends Omit<LiveStall, "id" | "culprit" | "frames"> {
  readonly id: string;
  readonly culprit?: string | undefined;
  /** How many frames are told when they are asked for. */
  readonly frames: number;
  /** The process was still beginning: its modules were loaded, or the recorder of stalls began. */
  readonly isStart: boolean;
}

export class StallList {
  readonly #given: LiveStalls | undefined;
  readonly #own: LiveStalls;
  readonly #core: Core;
  readonly #beganAt: number;
  /** Why there are none; undefined where there can be some. */
  readonly absent: string | undefined;

  /** Makes a list of what `recordStalls()` keeps and what we do; `beganAt` is when the page was made, as Unix time in seconds. */
  constructor(core: Core, given: LiveStalls | undefined, own: LiveStalls, beganAt: number) {
    this.#core = core;
    this.#given = given;
    this.#own = own;
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
      isStart: isOfStart(stall) && stall.beganAtUnixSeconds >= this.#beganAt - startSecondsBefore &&
        stall.beganAtUnixSeconds <= this.#beganAt + startSecondsAfter,
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
    const given = this.#given as LiveStalls & { profile?(id: string | number): string | undefined } | undefined;
    if (!stall || this.#own.recent().includes(stall)) return undefined;
    return this.#attempt(() => atOnce("profile", given?.profile?.(stall.id)));
  }

  get hasProfiles(): boolean {
    return this.#given?.profile !== undefined;
  }

  #find(id: string): LiveStall | undefined {
    return this.#all().find((stall) => String(stall.id) === id);
  }

  #all(): LiveStall[] {
    const given = this.#attempt(() =>
      newest(
        atOnce("recent", this.#given?.recent() ?? [])
          .filter(({ beganAtUnixSeconds, seconds }) => beganAtUnixSeconds > 0 && seconds > 0),
      )
    ) ?? [];
    const others = this.#own.recent().filter((own) => !given.some((each) => isSame(own, each)));
    return newest([...given, ...others]);
  }

  /** What a recorder of the app's throws, or promises by mistake, costs the list alone. */
  #attempt<Value>(act: () => Value): Value | undefined {
    return this.#core.self.attempt("live", act);
  }
}

function newest(stalls: readonly LiveStall[]): LiveStall[] {
  return [...stalls].sort((a, b) => b.beganAtUnixSeconds - a.beganAtUnixSeconds).slice(0, mostStalls);
}

/** Of one loop no two stalls overlap, and what two tell of the same one differs by a turn of the loop. */
function isSame(own: LiveStall, { beganAtUnixSeconds: began, seconds }: LiveStall): boolean {
  const middle = own.beganAtUnixSeconds + own.seconds / 2;
  return middle >= began && middle <= began + seconds;
}

/** What holds the loop where a process begins: its modules, which nobody owns, and the recorder of stalls, which lists them. */
function isOfStart({ kind, name }: LiveStall): boolean {
  return kind === "unknown" || (kind === "metrics" && name === "");
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

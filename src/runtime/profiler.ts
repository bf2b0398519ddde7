/**
 * The contract between a runtime's sampling profiler and whoever reads what it finds.
 *
 * @module
 */

/** Where a function begins. */
export interface CallFrame {
  /** Empty for a function without a name; in brackets what is no function, such as `(garbage collector)`. */
  readonly functionName: string;
  readonly scriptId: string;
  /** Empty for what is not written in JavaScript. */
  readonly url: string;
  /** From 0; -1 where it is not known. */
  readonly lineNumber: number;
  /** From 0; -1 where it is not known. */
  readonly columnNumber: number;
}

/** A call path, by its last call. */
export interface ProfileNode {
  readonly id: number;
  readonly callFrame: CallFrame;
  readonly hitCount?: number;
  /** How many of the samples were on which line of the function itself, from 1. A line may come more than once. */
  readonly positionTicks?: readonly { readonly line: number; readonly ticks: number }[];
  readonly children?: readonly number[];
}

/** What DevTools reads from a `.cpuprofile`; times are in microseconds of a clock that the engine chooses. */
export interface CpuProfile {
  readonly nodes: readonly ProfileNode[];
  readonly startTime: number;
  readonly endTime: number;
  /** The call path that was found at each sample, by its id. */
  readonly samples: readonly number[];
  /** How long before each sample the one before it was taken; the first counts from `startTime`. */
  readonly timeDeltas: readonly number[];
}

/** What was found between two moments. */
export interface ProfilePiece {
  readonly profile: CpuProfile;
  /** When `startTime` was, in seconds of the runtime's own clock. */
  readonly beganAt: number;
  /** When the piece ended, in seconds of the runtime's own clock. */
  readonly endedAt: number;
}

/** A place in a file that people have; both numbers begin at 1. */
export interface Place {
  readonly file: string;
  readonly line: number;
  readonly column: number;
  /** What a function that begins here was called before somebody shortened its name. */
  readonly functionName?: string;
}

/** What a profiler is told, and tells. */
export interface ProfilerOptions {
  /** The distance between samples, in seconds. */
  readonly intervalSeconds: number;
  /** The runtime's clock, in seconds. */
  readonly now: () => number;
  /** Takes each piece that is over, at once or a few turns of the loop later. */
  readonly piece: (piece: ProfilePiece) => void;
  /** Somebody else's profiler or debugger is at work, so this one has ended. */
  readonly busy: (who: string) => void;
}

export interface RunningProfiler {
  /** Ends the piece under way and begins the next. */
  rotate(): void;
  /** Ends it; what was under way is thrown away. */
  stop(): void;
}

export interface Profiler {
  /** How often it has to be rotated so that what it holds stays small, in seconds. */
  readonly rotationSeconds: number;
  /**
   * Why it may not be used, such as for want of a permission: a sentence that names the remedy. Undefined where it may.
   */
  refusal(): string | undefined;
  /** Whose profiler or debugger is at work; undefined where none is known. */
  occupied(): string | undefined;
  /** Begins. It throws where the engine refuses. */
  start(options: ProfilerOptions): RunningProfiler;
  /** Where a function was written that runs; undefined where it runs as it was written, or that is not told. */
  origin(frame: CallFrame): Place | undefined;
  /**
   * Where a whole line was written that runs, from 0; undefined where it runs as it was written, or that is not told, null where
   * several lines have come to stand on it.
   */
  originOfLine(url: string, line: number): Place | null | undefined;
  /** The text of a file, by its own name or that of what runs; undefined where it cannot be read without asking. */
  source(url: string, file: string): string | undefined;
}

/** `node:inspector`, as far as it is used. */
export interface InspectorLike {
  readonly Session: new () => SessionLike;
  /** The engine's own console, which the app's cannot replace. */
  readonly console?: ProfilingConsole;
  /** Where a debugger can connect; undefined where none can. */
  url?(): string | undefined;
}

/** A connection with the engine's inspector. */
export interface SessionLike {
  connect(): void;
  disconnect(): void;
  on(event: string, listener: (message: { readonly params: unknown }) => void): unknown;
  post(
    method: string,
    params?: object,
    done?: (error: unknown, result?: { readonly profile?: CpuProfile }) => void,
  ): void;
}

export interface ProfilingConsole {
  profile(title: string): void;
  profileEnd(title: string): void;
}

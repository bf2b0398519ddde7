/**
 * A stall of the event loop as people read it.
 *
 * @module
 */

/** A function that was under way in a stall. What is not known of it is absent. */
export interface StallFrame {
  /** Absent for a function without a name. Where a bundler has shortened it, a source map tells the name that was written. */
  readonly functionName?: string;
  /**
   * The file that it is written in: a path, or an address such as `node:crypto`. Of what a loader or a bundler has made it
   * is the source, where the runtime maps the stacks of errors as well. Absent for what is not written in JavaScript.
   */
  readonly file?: string;
  /**
   * The line that held the loop the longest, from 1: where most of the samples were in which the function ran itself, or where
   * it called what they were in. Where neither is known, such as in a file that stands on one line, the line on which the
   * function begins.
   */
  readonly line?: number;
  /** The column in that line, from 1; absent where only the line is known. */
  readonly column?: number;
  /** The part of the stall in which it was under way, itself or what it called: above 0 and at most 1. */
  readonly share: number;
}

/** A stall of the event loop. What is not known of it is absent. */
export interface RecordedStall {
  /** What it is called, in `profile()` and elsewhere; no other stall has the same, in other processes either. */
  readonly id: string;
  /** When it began, as Unix time in seconds. */
  readonly beganAtUnixSeconds: number;
  /** How long the loop answered nothing, in seconds. */
  readonly seconds: number;
  /**
   * CPU time that was used meanwhile, in seconds, at most `seconds`: of the loop's thread where the runtime tells that
   * cheaply, else of the process. Much less than `seconds` means that the loop waited, or was not given CPU.
   */
  readonly cpuSeconds?: number;
  /** Time that went into collecting garbage, in seconds, where the runtime tells it. */
  readonly gcSeconds?: number;
  /** Who held the loop the longest: `request`, `task`, `scrape`, `metrics`, `host`, `gc` or `unknown`. */
  readonly kind: string;
  /** Its name, such as `GET /report`; empty where the kind says all. */
  readonly name: string;
  /**
   * The trace that the request belongs to, 32 hexadecimal digits: of OpenTelemetry's span, or the one that its caller named in
   * `traceparent`, where that is recorded.
   */
  readonly traceId?: string;
  /**
   * The function of the app's own that held the loop: the innermost one on the way to where most of the time went. It is
   * neither the runtime's nor in `node_modules`; where there is none of the app's own, it may be one of those. Absent where no
   * function was found, or none that had a good part in it.
   */
  readonly culprit?: StallFrame;
  /** Functions that were under way, the heaviest first, and of those with the same share the innermost first. */
  readonly frames: readonly StallFrame[];
}

/**
 * On which line a function held the loop.
 *
 * A profiler tells where a function begins, and where in it the samples were in which it ran itself. Of what it called it
 * tells only whom: so the text of the function is looked through for that call.
 *
 * @module
 */

import type { CallFrame, Place, Profiler } from "../runtime/profiler.ts";
import { callOf, type FunctionText, functionText, type Position } from "./function_text.ts";

/** So many functions are kept with their texts. */
const mostTexts = 100;

export interface FunctionSamples {
  readonly frame: CallFrame;
  /** How long it ran itself, or something that the profiler does not tell from it, in seconds. */
  ownSeconds: number;
  /** How long each function ran that it called, in seconds. */
  readonly calls: Map<CallFrame, number>;
  /** How many samples were on each line of the file that runs, from 1, in the stall and up to a few seconds before. */
  readonly ticks: Map<number, number>;
  /** How many of them were before the stall, at most. */
  strayTicks: number;
}

/** Finds lines; it keeps the texts of functions that it has read. */
export class HeldLines {
  readonly #profiler: Pick<Profiler, "originOfLine" | "source">;
  readonly #texts = new Map<string, FunctionText | undefined>();
  readonly #files = new Map<string, string | undefined>();

  constructor(profiler: Pick<Profiler, "originOfLine" | "source">) {
    this.#profiler = profiler;
  }

  /**
   * Finds the line of a function that held the loop the longest; undefined where it is not known.
   *
   * @param samples What the function did.
   * @param begin Where it begins, in the file that people have.
   * @param mayRead Whether its text may be looked through.
   */
  find(samples: FunctionSamples, begin: Place, mayRead: boolean): Position | undefined {
    const [callee, longest] = [...samples.calls].reduce<[CallFrame | undefined, number]>(
      (most, call) => call[1] > most[1] ? call : most,
      [undefined, 0],
    );
    const text = (): FunctionText | undefined => mayRead ? this.#text(samples.frame.url, begin) : undefined;
    if (!callee || samples.ownSeconds >= longest) return this.#ownLine(samples, begin, text());
    // V8 names a regular expression that runs in another way than Bun's engine.
    const called = callee.functionName.replace(/^RegExp: (.*)$/s, "/$1/");
    const name = called.startsWith("/") ? called : called.split(/[. ]/).at(-1)!;
    const found = name === "" ? undefined : text();
    return found && callOf(name, found);
  }

  /** Forgets whole files; to be called when a stall has been looked at. */
  rest(): void {
    this.#files.clear();
  }

  #ownLine(samples: FunctionSamples, begin: Place, text: FunctionText | undefined): Position | undefined {
    const { frame: { url, lineNumber }, ticks, strayTicks } = samples;
    const [[heaviest, most] = [0, 0], [, second] = [0, 0]] = [...ticks].sort(([, a], [, b]) => b - a);
    // Any of the second line's might have been in the stall, and as many of the first one's not.
    if (heaviest < 1 || most - strayTicks < second) return undefined;
    if (heaviest === lineNumber + 1) return undefined;
    const place = this.#profiler.originOfLine(url, heaviest - 1);
    if (place === null || (place && place.file !== begin.file)) return undefined;
    const line = place?.line ?? heaviest;
    // An engine may take the line of an inlined function for one of its caller's.
    return line >= begin.line && line <= (text?.lastLine ?? line) ? { line } : undefined;
  }

  #text(url: string, { file, line, column }: Place): FunctionText | undefined {
    const key = `${file}:${line}:${column}`;
    if (this.#texts.has(key)) return this.#texts.get(key);
    if (!this.#files.has(file)) this.#files.set(file, this.#profiler.source(url, file));
    const source = this.#files.get(file);
    const text = source === undefined ? undefined : functionText(source, line, column);
    if (this.#texts.size >= mostTexts) this.#texts.clear();
    this.#texts.set(key, text);
    return text;
  }
}

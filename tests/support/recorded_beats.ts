import { Sampler, type SamplerListener } from "../../src/process/sampler.ts";
import type { Runtime } from "../../src/runtime/shim.ts";

/** One call of the sampler's listener. */
export interface Call {
  seconds: number;
  beats: number;
  /** When it came, by the runtime's clock. */
  at: number;
}

/** A sampler, and all that it told. */
export class RecordedBeats implements SamplerListener {
  readonly calls: Call[] = [];
  readonly sampler: Sampler;
  /** The runtime's clock when the sampler began. */
  readonly origin: number;
  pulses = 0;
  onPulse: (() => void) | undefined;
  readonly #runtime: Runtime;

  constructor(runtime: Runtime, intervalSeconds = 0.02) {
    this.#runtime = runtime;
    this.sampler = new Sampler(runtime, intervalSeconds, this);
    this.origin = runtime.now();
    this.sampler.start();
  }

  lag(seconds: number, beats: number): void {
    this.calls.push({ seconds, beats, at: this.#runtime.now() });
  }

  pulse(): void {
    this.pulses++;
    this.onPulse?.();
  }

  /** How many beats were told. */
  get count(): number {
    return this.calls.reduce((sum, { beats }) => sum + beats, 0);
  }

  /** The sum of what they waited, in seconds. */
  get sum(): number {
    return this.calls.reduce((sum, { seconds, beats }) => sum + seconds * beats, 0);
  }
}

/** When beat `k` is due, by the definition and not by the code. */
export function dueMoment(origin: number, k: number, intervalSeconds = 0.02): number {
  const golden = (Math.sqrt(5) - 1) / 2;
  const jitter = k * golden - Math.floor(k * golden);
  return origin + (k + jitter) * intervalSeconds;
}

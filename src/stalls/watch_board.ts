/**
 * The small buffer that the loop shares with the thread that watches it.
 *
 * @module
 */

/** What stands in which slot. */
const [beats, running, lost, stalls] = [0, 1, 2, 3];

const slots = 4;

/** The loop's end and the thread's end of one buffer. Every access is atomic, and none waits. */
export class WatchBoard {
  readonly buffer: SharedArrayBuffer;
  readonly #slots: Int32Array<SharedArrayBuffer>;

  constructor(
    buffer: SharedArrayBuffer = new SharedArrayBuffer(slots * Int32Array.BYTES_PER_ELEMENT),
  ) {
    this.buffer = buffer;
    this.#slots = new Int32Array(buffer);
  }

  /** The loop beats. A count and no time: the clocks of two threads have two origins. */
  beat(): void {
    Atomics.add(this.#slots, beats, 1);
  }

  /** How often the loop has beaten; it turns over. */
  get beats(): number {
    return Atomics.load(this.#slots, beats);
  }

  /** The number of what runs now; 0 is nobody who is known. */
  get running(): number {
    return Atomics.load(this.#slots, running);
  }

  set running(number: number) {
    Atomics.store(this.#slots, running, number);
  }

  /** The loop has stalled, and it may have been the host. */
  stalled(): void {
    Atomics.add(this.#slots, stalls, 1);
  }

  /** How often it has; it turns over. */
  get stalls(): number {
    return Atomics.load(this.#slots, stalls);
  }

  /** The thread was not run for so long when it was due. */
  addLost(seconds: number): void {
    Atomics.add(this.#slots, lost, Math.round(seconds * 1000));
  }

  /** The sum of that, in seconds. */
  get lostSeconds(): number {
    return (Atomics.load(this.#slots, lost) >>> 0) / 1000;
  }
}

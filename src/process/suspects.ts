/**
 * Whom a stall may be blamed on only because its promise settled behind it.
 *
 * A timer of the app that holds the loop looks the same as a handler that goes on behind an `await` and holds it: the next
 * beat is late, and somebody's promise settles before it. Where many promises settle all the time, one of them does so by
 * chance. How often that happens can be seen in beats that are in time, and tells how much a stall says; one who was there
 * at more stalls than chance explains is accused. Where it cannot be told, nobody is.
 *
 * @module
 */

/** The last second or so is looked at by itself: what begins to wait all the time may do so at once. */
const recentBeats = 64;

const rememberedStalls = 256;

/** After so many beats, what was seen before counts half: some 80 s at the usual beat. */
const halfLifeBeats = 4096;

/**
 * Chance counts twice: a stall puts timers in step, so that the same one may come before the beat each time. Behind a timer
 * that blocks, one of fifty who always wait for 10 ms settles before the beat in three of four stalls, and in all of them
 * where the blocks are in step with the beat (Node 20.20, Deno 2.9, Bun 1.4).
 */
const stepFactor = 2;

/** Who was there once is accused where chance explains at most this share of such stalls. */
const onceByChance = 0.05;

/** Who was there several times, where it explains at most this share of such series of stalls. */
const oftenByChance = 0.01;

/** Remembers who settles when, and who did so behind stalls. */
export class Suspects {
  /** In how many beats each settled last. */
  readonly #beatsOf = new Map<string, number>();
  #settledBeats = 0;
  #beats = 0;
  #beatsToHalf = halfLifeBeats;
  /** Who settled in each of the last beats; nobody before the first. */
  readonly #recent = new Array<string | undefined>(recentBeats).fill(undefined);
  #next = 0;
  /** Who settled behind each of the last stalls that nobody has owned up to. */
  readonly #stalls: (readonly string[])[] = [];

  /** A beat came in time; this promise settled last before it, of those that had waited. */
  beat(name: string | undefined): void {
    this.#recent[this.#next++ % recentBeats] = name;
    this.#beats++;
    if (name !== undefined) {
      this.#settledBeats++;
      this.#beatsOf.set(name, (this.#beatsOf.get(name) ?? 0) + 1);
    }
    if (--this.#beatsToHalf > 0) return;
    this.#beatsToHalf = halfLifeBeats;
    this.#beats /= 2;
    this.#settledBeats /= 2;
    for (const [each, beats] of this.#beatsOf) {
      if (beats < 2) this.#beatsOf.delete(each);
      else this.#beatsOf.set(each, beats / 2);
    }
  }

  /** These, or nobody, settled behind a stall; answers whom to accuse of it. */
  accused(names: readonly string[]): Set<string> {
    if (this.#stalls.push(names) > rememberedStalls) this.#stalls.shift();
    return new Set(names.filter((name) => {
      const times = this.#stalls.reduce((sum, each) => sum + (each.includes(name) ? 1 : 0), 0);
      // That it was this one the first time says nothing: somebody had to be.
      const somebody = this.#chanceOf(this.#settledBeats, (each) => each !== undefined);
      if (times === 1) return somebody <= onceByChance;
      const again = this.#chanceOf(this.#beatsOf.get(name) ?? 0, (each) => each === name);
      return somebody * chanceOfAtLeast(times - 1, this.#stalls.length - 1, again) <= oftenByChance;
    }));
  }

  /** How likely it is that a promise which settles in so many beats, and in these of the last ones, does so in one that is late. */
  #chanceOf(beats: number, isOne: (name: string | undefined) => boolean): number {
    const recent = this.#recent.filter(isOne).length;
    return Math.min(1, stepFactor * Math.max(recent / recentBeats, beats / Math.max(recentBeats, this.#beats)));
  }
}

/** How likely it is that something with this chance happens at least so many times of so many. */
function chanceOfAtLeast(least: number, times: number, chance: number): number {
  // Where it is likely, that it happens never is too little for a number.
  if (chance > 0.5) return 1 - chanceOfAtLeast(times - least + 1, times, 1 - chance);
  let term = (1 - chance) ** times;
  let sum = 0;
  for (let i = 0; i <= times; i++) {
    if (i >= least) sum += term;
    term *= (times - i) / (i + 1) * chance / (1 - chance);
  }
  return sum;
}

/**
 * Bounds that several metrics share, in seconds.
 *
 * @module
 */

/** From the floor of what timers can tell, 1 ms, to what takes a service down. */
export const lagBuckets: readonly number[] = [.002, .005, .01, .02, .05, .1, .2, .5, 1, 2, 5];

/** Those of lag, and how long a queue can make somebody wait beyond them. */
export const waitBuckets: readonly number[] = [...lagBuckets, 10, 30, 60];

/** prom-client's own for requests, and those between that people ask for. */
export const durationBuckets: readonly number[] = [.005, .01, .025, .05, .075, .1, .25, .5, .75, 1, 2.5, 5, 7.5, 10];

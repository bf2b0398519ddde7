/**
 * The numbers at which an operator acts: each said once, with its reason. The dashboard's colours, the alerts, their
 * tests and the runbook are written from here.
 *
 * @module
 */

/** In what a threshold is measured. */
export type ThresholdUnit = "seconds" | "ratio" | "count";

/** One number, and how long it must be exceeded. */
export interface Threshold {
  readonly value: number;
  readonly unit: ThresholdUnit;
  /** How long it is exceeded before somebody is told; a number without it is only a colour or an objective. */
  readonly forSeconds?: number;
  /** The number itself is not for the user to set. */
  readonly fixed?: true;
  /** The bounds that a user's own number must keep to, ends excluded; above 0 and without an end by default. */
  readonly within?: readonly [low: number, high: number];
  /** Why it is this number. */
  readonly because: string;
}

/** The name of a threshold: what it is about, and how bad it is. */
export type ThresholdName =
  | "lag_warning"
  | "lag_critical"
  | "held_warning"
  | "throttled_warning"
  | "hang_warning"
  | "hang_critical"
  | "saturation_warning"
  | "saturation_critical"
  | "pool_wait_warning"
  | "pool_wait_critical"
  | "rejected_warning"
  | "rejected_critical"
  | "pending_warning"
  | "pending_critical"
  | "pending_age_warning"
  | "pending_age_critical"
  | "collection_warning"
  | "collection_critical"
  | "fds_warning"
  | "fds_critical"
  | "heap_warning"
  | "heap_critical"
  | "availability_objective"
  | "latency_objective"
  | "latency_slow"
  | "bad_requests_least"
  | "down_critical"
  | "copy_late_warning";

/** Every threshold by its name. */
export type Thresholds = Readonly<Record<ThresholdName, Threshold>>;

/**
 * An objective of under this leaves so large a budget that no ratio of errors could burn it 14.4 times too fast, and
 * the first burn rate alert could never fire: 1 − 1 / 14.4, rounded up.
 */
const leastObjective = 0.931;

/**
 * Within the buckets of the histograms, with some room: a quantile in the first is never told, and one beyond the last
 * is told as its bound.
 */
const lagLimits: readonly [number, number] = [0.0025, 4.5];
const waitLimits: readonly [number, number] = [0.0025, 50];

/** The thresholds, with the defaults of every kit. */
export const thresholds: Thresholds = {
  lag_warning: {
    value: 0.05,
    unit: "seconds",
    forSeconds: 60,
    within: lagLimits,
    because: "a person begins to feel 50 ms, and every request pays it at least once",
  },
  lag_critical: {
    value: 0.2,
    unit: "seconds",
    forSeconds: 30,
    within: lagLimits,
    because: "serious blocking: whatever this process serves is late by a fifth of a second",
  },
  held_warning: {
    value: 0.05,
    unit: "ratio",
    forSeconds: 60,
    within: [0, 1],
    because: "everybody else waits for one twentieth of the time, and for whole stalls at once",
  },
  throttled_warning: {
    value: 0.05,
    unit: "ratio",
    forSeconds: 120,
    because: "one period of the kernel in twenty is what a burst may cost; more of it is a limit that is too low",
  },
  hang_warning: {
    value: 5,
    unit: "seconds",
    because: "clients, proxies and probes give up in such a time, so it is no stall any more",
  },
  hang_critical: {
    value: 5,
    unit: "seconds",
    forSeconds: 30,
    because: "a process that is gone refuses at once; one that lets a scrape wait until its timeout is there and hangs",
  },
  saturation_warning: {
    value: 0.8,
    unit: "ratio",
    forSeconds: 120,
    within: [0, 1],
    because: "a fifth of a pool is what a burst needs",
  },
  saturation_critical: {
    value: 0.95,
    unit: "ratio",
    forSeconds: 60,
    within: [0, 1],
    because: "the pool is full in all but name: the next job queues",
  },
  pool_wait_warning: {
    value: 0.1,
    unit: "seconds",
    forSeconds: 120,
    within: waitLimits,
    because: "a tenth of a second on one job in twenty is seen by whoever waits for the answer",
  },
  pool_wait_critical: {
    value: 1,
    unit: "seconds",
    forSeconds: 60,
    within: waitLimits,
    because: "jobs wait longer than most of them run",
  },
  rejected_warning: {
    value: 0.01,
    unit: "ratio",
    forSeconds: 120,
    within: [0, 1],
    because: "a bounded queue is there to refuse a burst; one job in a hundred for minutes is a lack of places",
  },
  rejected_critical: {
    value: 0.1,
    unit: "ratio",
    forSeconds: 60,
    within: [0, 1],
    because: "every tenth caller gets an error in place of an answer",
  },
  pending_warning: {
    value: 100,
    unit: "count",
    because: "a colour and no alert: how much is too much depends on the app",
  },
  pending_critical: {
    value: 500,
    unit: "count",
    because: "a colour and no alert: how much is too much depends on the app",
  },
  pending_age_warning: {
    value: 60,
    unit: "seconds",
    forSeconds: 60,
    because: "most proxies give up after 60 s, so nobody is left to take the answer",
  },
  pending_age_critical: {
    value: 600,
    unit: "seconds",
    forSeconds: 60,
    because: "what has not ended in ten minutes does not end, and what piles up behind it is never freed",
  },
  collection_warning: {
    value: 30,
    unit: "seconds",
    forSeconds: 60,
    because: "two pushes of 15 s are missing; a process that is scraped answers its beat on every scrape",
  },
  collection_critical: {
    value: 120,
    unit: "seconds",
    forSeconds: 60,
    because: "nothing on the page is about the present any more",
  },
  fds_warning: {
    value: 0.8,
    unit: "ratio",
    forSeconds: 300,
    within: [0, 1],
    because: "a leak at this point leaves time to look at it; a burst is over in five minutes",
  },
  fds_critical: {
    value: 0.95,
    unit: "ratio",
    forSeconds: 60,
    within: [0, 1],
    because: "at the limit every new connection and file is refused",
  },
  heap_warning: {
    value: 0.85,
    unit: "ratio",
    forSeconds: 300,
    within: [0, 1],
    because: "five minutes of it are no garbage that waits for the next collection",
  },
  heap_critical: {
    value: 0.95,
    unit: "ratio",
    forSeconds: 60,
    within: [0, 1],
    because: "the process spends its time collecting, and ends at the limit",
  },
  availability_objective: {
    value: 0.999,
    unit: "ratio",
    within: [leastObjective, 1],
    because: "three nines: 43 minutes of failure in 30 days, which a team without a night shift can keep",
  },
  latency_objective: {
    value: 0.99,
    unit: "ratio",
    within: [leastObjective, 1],
    because: "one slow request in a hundred is what a garbage collection or a cold cache may cost",
  },
  latency_slow: {
    value: 0.5,
    unit: "seconds",
    because: "half a second is what a page may take and still feel immediate with the rest that it does",
  },
  bad_requests_least: {
    value: 5,
    unit: "count",
    because: "one failed request of the three of a quiet night is no incident; an outage soon has five",
  },
  down_critical: {
    value: 0,
    unit: "count",
    forSeconds: 120,
    fixed: true,
    because: "a restart takes less",
  },
  copy_late_warning: {
    value: 0,
    unit: "count",
    forSeconds: 60,
    fixed: true,
    because: "stalls and restarts are over by then, and one that hangs answers no requests either",
  },
};

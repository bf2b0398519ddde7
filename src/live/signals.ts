/**
 * Written by scripts/generate.ts from what the alerts are written from; do not edit.
 *
 * @module
 */

/** The numbers at which the alerts fire: seconds, shares from 0 to 1, or counts. */
export const thresholds = {
  /** A person begins to feel 50 ms, and every request pays it at least once. */
  lag_warning: 0.05,
  /** Serious blocking: whatever this process serves is late by a fifth of a second. */
  lag_critical: 0.2,
  /** Everybody else waits for one twentieth of the time, and for whole stalls at once. */
  held_warning: 0.05,
  /** One period of the kernel in twenty is what a burst may cost; more of it is a limit that is too low. */
  throttled_warning: 0.05,
  /** Clients, proxies and probes give up in such a time, so it is no stall any more. */
  hang_warning: 5,
  /** A process that is gone refuses at once; one that lets a scrape wait until its timeout is there and hangs. */
  hang_critical: 5,
  /** A fifth of a pool is what a burst needs. */
  saturation_warning: 0.8,
  /** The pool is full in all but name: the next job queues. */
  saturation_critical: 0.95,
  /** A tenth of a second on one job in twenty is seen by whoever waits for the answer. */
  pool_wait_warning: 0.1,
  /** Jobs wait longer than most of them run. */
  pool_wait_critical: 1,
  /** A bounded queue is there to refuse a burst; one job in a hundred for minutes is a lack of places. */
  rejected_warning: 0.01,
  /** Every tenth caller gets an error in place of an answer. */
  rejected_critical: 0.1,
  /** A colour and no alert: how much is too much depends on the app. */
  pending_warning: 100,
  /** A colour and no alert: how much is too much depends on the app. */
  pending_critical: 500,
  /** Most proxies give up after 60 s, so nobody is left to take the answer. */
  pending_age_warning: 60,
  /** What has not ended in ten minutes does not end, and what piles up behind it is never freed. */
  pending_age_critical: 600,
  /** Two pushes of 15 s are missing; a process that is scraped answers its beat on every scrape. */
  collection_warning: 30,
  /** Nothing on the page is about the present any more. */
  collection_critical: 120,
  /** A leak at this point leaves time to look at it; a burst is over in five minutes. */
  fds_warning: 0.8,
  /** At the limit every new connection and file is refused. */
  fds_critical: 0.95,
  /** Five minutes of it are no garbage that waits for the next collection. */
  heap_warning: 0.85,
  /** The process spends its time collecting, and ends at the limit. */
  heap_critical: 0.95,
  /** Three nines: 43 minutes of failure in 30 days, which a team without a night shift can keep. */
  availability_objective: 0.999,
  /** One slow request in a hundred is what a garbage collection or a cold cache may cost. */
  latency_objective: 0.99,
  /** Half a second is what a page may take and still feel immediate with the rest that it does. */
  latency_slow: 0.5,
  /** One failed request of the three of a quiet night is no incident; an outage soon has five. */
  bad_requests_least: 5,
  /** A restart takes less. */
  down_critical: 0,
  /** Stalls and restarts are over by then, and one that hangs answers no requests either. */
  copy_late_warning: 0,
} as const;

/** The runbook, and its section that says what to do, by signal. */
export const runbook = "https://github.com/rtm/runtime-metrics/blob/main/docs/runbook.md";
export const sections = {
  lag: "event-loop-lag",
  saturation: "pool-saturation",
  pool_wait: "jobs-wait-for-a-pool",
  rejected: "jobs-are-rejected",
  pending_age: "pending-work-is-old",
  hang: "event-loop-hangs",
  held: "a-route-or-task-holds-the-event-loop",
  throttled: "the-container-takes-the-cpu-away",
  errors: "requests-fail",
  latency: "requests-are-slow",
  fds: "file-descriptors-run-out",
  heap: "heap-is-nearly-full",
  down: "target-is-down",
  collection: "collection-is-stale",
  copies: "a-copy-is-late",
  cardinality: "label-sets-are-dropped",
  source: "a-source-of-metrics-fails",
} as const;

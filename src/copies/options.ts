/**
 * What joining copies can be told, and the checks of that.
 *
 * @module
 */

import { between, checkTable, type OptionTable, refuser, text } from "../check.ts";

/** Options of `joinCopies`. */
export interface JoinOptions {
  /**
   * Where processes meet that share nothing but a directory, by an absolute path such as `/run/api`: it must be this user's own, with mode
   * 0700, and is made where it is missing. Each copy has a socket there. Threads of these processes that join have one each.
   *
   * @default {undefined} The threads and isolates of this process are joined, and what `node:cluster` started.
   */
  directory?: string;
  /**
   * Which copies belong together, in at most 32 letters, digits, `_` and `-`. Several services in one directory, or two
   * apps in one process, each have their own.
   *
   * @default {"default"}
   */
  group?: string;
  /**
   * How long a page waits for the others, in seconds, from 0.05 to 10. Those that have not answered by then are shown as
   * of their last answer, and counted as `late`.
   *
   * @default {0.5} Longer than most stalls, and well within the 10 s that Prometheus waits.
   */
  deadlineSeconds?: number;
  /**
   * What the label `copy` says of this one, in at most 64 characters: a short name that stays the same when the copy is
   * started anew makes fewer series.
   *
   * @default {undefined} The process' id, and the thread's in one of `worker_threads`.
   */
  copy?: string;
}

/** Options after the checks. */
export type JoinSettings = Required<Pick<JoinOptions, "group" | "deadlineSeconds">> & JoinOptions;

/** What each option may be. */
export const joinOptions: OptionTable<JoinOptions> = {
  directory: text("a path", (value) => value !== "" && !value.includes("\0")),
  group: {
    default: "default",
    ...text("1 to 32 letters, digits, _ and -", (value) => /^[\w-]{1,32}$/.test(value)),
  },
  deadlineSeconds: {
    default: 0.5,
    ...between(0.05, 10),
  },
  copy: text("1 to 64 characters", (value) => value.length >= 1 && value.length <= 64),
};

/** What every error of this door begins with. */
export const action = "Cannot join copies";

export function checkJoinOptions(options: JoinOptions): JoinSettings {
  return checkTable(refuser(action), options, joinOptions) as JoinSettings;
}

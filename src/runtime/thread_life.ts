/**
 * Whether another thread of this process still lives.
 *
 * @module
 */

import type { GlobalLike, Runtime } from "./shim.ts";

/** What tells the threads of a process apart while they live. */
export interface ThreadLife {
  /** This thread's own mark; undefined where nothing could tell that it has ended. */
  readonly mark: string | undefined;
  ended(marks: readonly string[]): Promise<readonly string[]>;
}

/** `navigator.locks`: those of a thread are released with it. */
interface LocksLike {
  request(name: string, act: () => Promise<void>): Promise<void>;
  query(): Promise<{ readonly held?: readonly { readonly name?: string }[] }>;
}

/** A thread's line in /proc: its id, a name in brackets, and behind that as the 20th field when it was started. */
const statLine = /^(\d+) .*\)(?: \S+){19} (\d+)/s;

/**
 * Watches the threads of this process: by Linux's list of them, or by a lock that each holds for as long as it lives.
 *
 * @param id A name that no other thread has.
 */
export function watchThreads(global: GlobalLike, { systemFile }: Pick<Runtime, "systemFile">, id: string): ThreadLife {
  const own = systemFile && statOf(systemFile, "/proc/thread-self/stat");
  if (own) {
    const lives = (mark: string): boolean =>
      statOf(systemFile, `/proc/self/task/${mark.split("@", 1)[0]}/stat`) === mark;
    return { mark: own, ended: (marks) => Promise.resolve(marks.filter((mark) => !lives(mark))) };
  }
  const { locks } = (global.navigator ?? {}) as { readonly locks?: LocksLike };
  if (!locks) return { mark: undefined, ended: () => Promise.resolve([]) };
  const mark = `@rtm/runtime-metrics.thread.${id}`;
  locks.request(mark, () => new Promise(() => {})).catch(() => {});
  return {
    mark,
    async ended(marks) {
      const { held = [] } = await locks.query();
      const names = new Set(held.map(({ name }) => name));
      return marks.filter((mark) => !names.has(mark));
    },
  };
}

function statOf(read: (path: string) => string, path: string): string | undefined {
  try {
    const [, id, startedAt] = statLine.exec(read(path)) ?? [];
    return id && `${id}@${startedAt}`;
  } catch {
    return undefined;
  }
}

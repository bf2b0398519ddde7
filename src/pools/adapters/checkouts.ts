/**
 * Pools of things that are taken and given back, timed at their own doors.
 *
 * @module
 */

import { isObject } from "../../check.ts";
import { isPromise } from "../../runtime/promise.ts";
import type { PoolSource, PoolWatcher } from "../pool_source.ts";
import { type Method, replaceMethod } from "./replace_method.ts";
import { mustLookLike } from "./shape.ts";
import { Watchers } from "../watchers.ts";

/** Whether a pool's own methods may be replaced. */
export interface CheckoutOptions {
  /**
   * Time what callers wait and how long they hold what they got. The pool has no door for this, so the methods that hand out and take
   * back are replaced on this one object while it is shown, and put back when it is taken off the page.
   *
   * @default {false} Somebody else's object is left alone.
   */
  timed?: boolean;
}

/** What was taken, when, and by nobody else: a resource is in one hand at a time. */
export class Checkouts {
  readonly watchers: Watchers = new Watchers();
  readonly #takenAt = new WeakMap<object, number>();

  /** Something was handed out. */
  taken(resource: unknown): void {
    if (isObject(resource)) this.#takenAt.set(resource, this.watchers.now());
  }

  /**
   * Something was given back.
   *
   * @param resource What it is; one that was handed out before anybody watched is passed over.
   */
  givenBack(resource: unknown): void {
    const takenAt = isObject(resource) ? this.#takenAt.get(resource) : undefined;
    if (takenAt === undefined) return;
    this.#takenAt.delete(resource as object);
    this.watchers.run(Math.max(0, this.watchers.now() - takenAt));
  }

  /**
   * Makes a method that hands something out take the wait: from the call to the answer, by promise or by callback. What
   * ends in an error never got anything, and does not count.
   */
  waiting(original: Method, taken: (resource: unknown) => void = () => {}): Method {
    const { watchers } = this;
    return function (...args) {
      const askedAt = watchers.now();
      const got = (resource: unknown): void => {
        watchers.wait(Math.max(0, watchers.now() - askedAt));
        taken(resource);
      };
      const last = args.at(-1);
      if (typeof last === "function") {
        const timed: Method = function (error, resource, ...rest) {
          if (!error) got(resource);
          return last.call(this, error, resource, ...rest);
        };
        return original.call(this, ...args.slice(0, -1), timed);
      }
      const answer = original.apply(this, args);
      // The caller's own promise is passed on; this branch of it is handled, whatever becomes of it.
      if (isPromise(answer)) answer.then(got, () => {});
      return answer;
    };
  }
}

/**
 * Times a pool by its own methods: the one that hands out, and those that take back. They are replaced by the first who
 * watches, and put back by the last.
 */
export function timedByReplacing(
  library: string,
  pool: object,
  read: PoolSource,
  handsOut: string,
  takesBack: readonly string[],
): PoolSource {
  mustLookLike(library, pool, Object.fromEntries([handsOut, ...takesBack].map((name) => [name, "function"])));
  const checkouts = new Checkouts();
  const { watchers } = checkouts;
  watchers.tells("wait", "run");
  const replaceAll = (): (() => void)[] => [
    replaceMethod(pool, handsOut, (original) => checkouts.waiting(original, (it) => checkouts.taken(it))),
    ...takesBack.map((name) =>
      replaceMethod(pool, name, (original) =>
        function (resource, ...rest) {
          checkouts.givenBack(resource);
          return original.call(this, resource, ...rest);
        })
    ),
  ];
  let restore: (() => void)[] = [];
  return Object.assign(read, {
    watch(watcher: PoolWatcher) {
      if (!watchers.isWatched) restore = replaceAll();
      const leave = watchers.add(watcher);
      return () => {
        leave();
        // The last that was replaced is put back first.
        if (!watchers.isWatched) { for (const put of restore.reverse()) put(); }
      };
    },
  });
}

/**
 * Database queries.
 *
 * @module
 */

import { overflowValue } from "../metrics/family.ts";
import { timingQuery } from "./query_time.ts";
import type { CallScope } from "./call_families.ts";
import { isObject, refuser } from "../check.ts";
import { type LoopHolder, task } from "../work/loop_blame.ts";

/** The words with which statements begin; every other makes no series of its own. */
const operations: ReadonlySet<string> = new Set(
  ("SELECT INSERT UPDATE DELETE MERGE REPLACE WITH VALUES CALL EXPLAIN BEGIN START COMMIT ROLLBACK SAVEPOINT RELEASE " +
    "CREATE ALTER DROP TRUNCATE COPY LOCK SET SHOW PRAGMA ANALYZE VACUUM").split(" "),
);
const longest = Math.max(...[...operations].map(({ length }) => length));

/** A query of a database in the process, and the reading of rows, hold the loop. */
const holder: LoopHolder = task("database");

export function databaseWrapper(
  scope: CallScope,
): <Query extends (...args: never[]) => unknown>(query: Query) => Query {
  return <Query extends (...args: never[]) => unknown>(query: Query): Query => {
    if (typeof query !== "function") {
      refuser("Cannot measure database")(TypeError, "expected a function", query, true);
    }
    // At once, so that a name that is taken is an error here and not in a query.
    scope()?.histogram("db_query_duration_seconds");
    return function (this: unknown, ...args: never[]): unknown {
      const calls = scope();
      if (!calls) return query.apply(this, args);
      const { runtime, self } = calls.core;
      return timingQuery(
        (given) => calls.hold(holder, () => query.apply(this, given as never[])),
        args,
        runtime.now,
        (seconds) =>
          self.attempt("database", () => {
            const durations = calls.histogram("db_query_duration_seconds");
            durations.observe(durations.slot(operationOf(args[0])), seconds);
          }),
      );
    } as Query;
  };
}

/** Tells what a statement does. */
export function operationOf(statement: unknown): string {
  const text = textOf(statement);
  let at = 0;
  for (;;) {
    while (at < text.length && " \t\r\n(;".includes(text[at]!)) at++;
    const [open, close] = [["--", "\n"], ["/*", "*/"]].find(([open]) => text.startsWith(open!, at)) ?? [];
    if (open === undefined) break;
    const end = text.indexOf(close!, at + open.length);
    if (end < 0) return overflowValue;
    at = end + close!.length;
  }
  const word = /^[a-z]+/i.exec(text.slice(at, at + longest + 1))?.[0].toUpperCase() ?? "";
  return operations.has(word) ? word : overflowValue;
}

function textOf(statement: unknown): string {
  if (typeof statement === "string") return statement;
  if (!isObject(statement)) return "";
  const { text, sql } = statement as { text?: unknown; sql?: unknown };
  return [text, sql, (statement as readonly unknown[])[0]].find((each) => typeof each === "string") as string ?? "";
}

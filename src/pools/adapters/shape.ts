/**
 * The check at the door of every adapter: is this the library that it was written for?
 *
 * @module
 */

/** What a member has to be. */
type Kind = "number" | "function" | "object";

/** Tells what kind of thing something is, for the error that refuses it. */
export function kindOf(value: unknown): string {
  return value === null ? "null" : typeof value;
}

/**
 * Refuses what lacks a member.
 *
 * @throws {TypeError} If one is missing or something else.
 */
export function mustLookLike(library: string, value: unknown, members: Readonly<Record<string, Kind>>): void {
  const refuse = (got: string): never => {
    throw new TypeError(`Cannot show pool: expected ${library}, got ${got}`);
  };
  if (!["object", "function"].includes(kindOf(value))) refuse(kindOf(value));
  for (const [name, kind] of Object.entries(members)) {
    const is = kindOf((value as Record<string, unknown>)[name]);
    if (is !== kind) refuse(`one whose ${name} is ${is}`);
  }
}

/**
 * Takes a limit for what it is: no limit is absent, never a number.
 *
 * @param limit How many at once; `Infinity` where there is no limit.
 */
export function capacityOf(limit: number | undefined): { capacity?: number } {
  return limit !== undefined && Number.isFinite(limit) && limit > 0 ? { capacity: limit } : {};
}

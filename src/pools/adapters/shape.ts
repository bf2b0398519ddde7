/**
 * The check at the door of every adapter: is this the library that it was written for?
 *
 * @module
 */

/** What a member has to be. */
type Kind = "number" | "function" | "object";

/**
 * Refuses what lacks a member.
 *
 * @throws {TypeError} If one is missing or something else.
 */
export function mustLookLike(library: string, value: unknown, members: Readonly<Record<string, Kind>>): void {
  const isObject = (typeof value === "object" && value !== null) || typeof value === "function";
  if (!isObject) {
    throw new TypeError(`Cannot show pool: expected ${library}, got ${value === null ? "null" : typeof value}`);
  }
  for (const [name, kind] of Object.entries(members)) {
    const member = (value as Record<string, unknown>)[name];
    const isKind = typeof member === kind && member !== null;
    if (!isKind) {
      throw new TypeError(
        `Cannot show pool: expected ${library}, got one whose ${name} is ${member === null ? "null" : typeof member}`,
      );
    }
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

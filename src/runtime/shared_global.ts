/**
 * What every copy of this package finds under one name: two copies of it in a program measure as one.
 *
 * @module
 */

type Holder = Record<symbol, unknown>;

/** In the place of a global object that takes nothing more, as hardened programs have it: each copy is for itself then. */
const own: Holder = {};

/**
 * Finds what is shared, or shares it.
 *
 * @param name What it is.
 * @param make Makes it, where no copy has.
 * @param global Where it is kept.
 */
export function sharedByCopies<Value>(name: string, make: () => Value, global: object = globalThis): Value {
  const key = Symbol.for(`@rtm/runtime-metrics.${name}`);
  const holder = (Object.isExtensible(global) || key in global ? global : own) as Holder;
  return (holder[key] ??= make()) as Value;
}

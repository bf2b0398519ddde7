/**
 * A method of somebody else's object, replaced while it is watched.
 *
 * This is the last resort, where a pool tells nothing and has no other door; each adapter that does it does so only when
 * it is asked to, and puts the method back when the pool is taken off the page.
 *
 * @module
 */

export type Method = (this: unknown, ...args: unknown[]) => unknown;

/** Replaces a method on one object alone; its class stays as it is. */
export function replaceMethod(target: object, name: string, make: (original: Method) => Method): () => void {
  const holder = target as Record<string, Method>;
  const wasOwn = Object.hasOwn(target, name);
  const original = holder[name]!;
  const measured = make(original);
  let isOn = true;
  const replacement: Method = function (...args) {
    return (isOn ? measured : original).apply(this, args);
  };
  holder[name] = replacement;
  return () => {
    isOn = false;
    if (holder[name] !== replacement) return;
    if (wasOwn) holder[name] = original;
    else delete holder[name];
  };
}

/**
 * Properties by which frameworks tell what they do.
 *
 * @module
 */

/** Tells when a property is set; to everybody else, and to whoever watches it already, it is as it was. */
export function watchProperty(object: object, name: string, told: (value: unknown) => void): void {
  const { get, set, configurable = Object.isExtensible(object) } = Object.getOwnPropertyDescriptor(object, name) ?? {};
  // What cannot be watched is never told.
  if (!configurable) return;
  let current = get ? undefined : (object as Record<string, unknown>)[name];
  Object.defineProperty(object, name, {
    configurable: true,
    enumerable: true,
    get: () => get ? get.call(object) : current,
    set(value: unknown) {
      if (set) set.call(object, value);
      else current = value;
      told(value);
    },
  });
}

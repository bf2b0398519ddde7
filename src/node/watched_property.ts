/**
 * Properties by which frameworks tell what they do.
 *
 * @module
 */

/** Tells when a property is set; to everybody else it is as it was. */
export function watchProperty(object: object, name: string, told: (value: unknown) => void): void {
  let current = (object as Record<string, unknown>)[name];
  Object.defineProperty(object, name, {
    configurable: true,
    enumerable: true,
    get: () => current,
    set(value: unknown) {
      current = value;
      told(value);
    },
  });
}

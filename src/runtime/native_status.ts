/**
 * The status of a response as servers outside of JavaScript see it: no property of the app's own hides it.
 *
 * @module
 */

/** Makes what tells the status of a platform's response; undefined for everything else. */
export function nativeStatus(): (answer: unknown) => number | undefined {
  const get = Object.getOwnPropertyDescriptor(Response.prototype, "status")?.get;
  return (answer) => {
    try {
      return get?.call(answer) as number | undefined;
    } catch {
      return undefined;
    }
  };
}

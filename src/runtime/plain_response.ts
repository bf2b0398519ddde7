/**
 * Responses that can be made anew, the same to everybody.
 *
 * @module
 */

/** Is a response nothing else than its init? What `fetch()` answered has an address; a class of the app's may have anything. */
export function isPlainResponse(response: Response): boolean {
  return Object.getPrototypeOf(response) === Response.prototype && Reflect.ownKeys(response).length === 0 &&
    Object.isExtensible(response) && response.url === "" && response.type === "default" && !response.redirected;
}

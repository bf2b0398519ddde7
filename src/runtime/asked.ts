/**
 * What may throw when it is looked at.
 *
 * @module
 */

/**
 * Answers undefined where asking throws: objects of an app's, files, and on a frozen global object whatever its platform loads
 * at the first look (Node 20, Deno 2.9).
 */
export function asked<Answer>(ask: () => Answer): Answer | undefined {
  try {
    return ask();
  } catch {
    return undefined;
  }
}

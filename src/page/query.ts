/**
 * The query of a request for a page. Not beside what asks for it, whose types the package publishes: they name no type of the
 * platform's own.
 *
 * @module
 */

/** Reads a query up to so many characters: servers let no more through by default. */
export function queryOf(url: string | undefined, longest = 16_384): URLSearchParams {
  const at = url?.indexOf("?") ?? -1;
  return new URLSearchParams(at < 0 ? "" : url!.slice(at + 1, at + 1 + longest).split("#", 1)[0]);
}

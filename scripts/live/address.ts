/**
 * Addresses of what the page asks for.
 *
 * @module
 */

/** The page's own address with another question: what else stands in its query, such as a key to it, goes along. */
export function address(question: Readonly<Record<string, string>>): string {
  const query = new URLSearchParams(question);
  for (const [name, value] of new URLSearchParams(location.search)) if (!query.has(name)) query.append(name, value);
  return `?${query}`;
}

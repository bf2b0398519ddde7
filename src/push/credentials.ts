/**
 * What an address and headers may hold of secrets.
 *
 * @module
 */

/** An address without credentials, and the header that they became. */
export interface Addressed {
  readonly url: URL;
  readonly headers: Readonly<Record<string, string>>;
}

/**
 * Takes a name and a password out of an address: `fetch` refuses such an address on Node and Bun, with the password in its
 * message. A header `authorization` that was given stands.
 */
export function withoutCredentials(given: string | URL, headers: Readonly<Record<string, string>>): Addressed {
  const url = new URL(given);
  const { username, password } = url;
  if (username === "" && password === "") return { url, headers };
  url.username = "";
  url.password = "";
  if (Object.keys(headers).some((name) => name.toLowerCase() === "authorization")) return { url, headers };
  let bytes = "";
  for (const byte of new TextEncoder().encode(`${decoded(username)}:${decoded(password)}`)) {
    bytes += String.fromCharCode(byte);
  }
  return { url, headers: { ...headers, authorization: `Basic ${btoa(bytes)}` } };
}

/** A percent sign that begins no escape stands for itself. */
function decoded(text: string): string {
  return text.replace(/(?:%[0-9a-f]{2})+/gi, (escapes) => {
    try {
      return decodeURIComponent(escapes);
    } catch {
      return escapes;
    }
  });
}

/** Does a header say how the body is written? A pusher says that itself. */
export function isBodyHeader(name: string): boolean {
  return /^(content-(type|encoding|length)|transfer-encoding)$/i.test(name);
}

/** May this be a header's name? */
export function isHeaderName(name: string): boolean {
  return /^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/.test(name);
}

/** May this be a header's value, as `fetch` takes it? */
export function isHeaderValue(value: string): boolean {
  return /^[\t\x20-\x7e\x80-\xff]*$/.test(value);
}

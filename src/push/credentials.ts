/**
 * What an address and headers may hold of secrets.
 *
 * @module
 */

import type { Refuse } from "../check.ts";

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

/**
 * Refuses a header that `fetch` would refuse, or that says how the body is written. What is called `host` Node and Deno drop
 * without a word, and Bun sends it.
 */
export function checkHeader(key: string, value: unknown, name: string, refuse: Refuse): void {
  if (!/^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/.test(key)) {
    refuse(TypeError, `${name} must have names of headers`, key);
  }
  // With those of the connection some runtimes' fetch fails, and others leave them out.
  if (/^(content-(type|encoding|length)|transfer-encoding|connection|keep-alive|expect|upgrade|host)$/i.test(key)) {
    refuse(TypeError, `${name}.${key} must be left out: the protocol or the connection says it`, value);
  }
  if (typeof value !== "string") refuse(TypeError, `${name}.${key} must be a string`, value);
  if (!/^[\t\x20-\x7e\x80-\xff]*$/.test(value as string)) {
    refuse(
      TypeError,
      `${name}.${key} must be the value of a header, without line breaks and characters beyond U+00FF`,
      value,
    );
  }
}

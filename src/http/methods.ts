/**
 * Which methods of HTTP have a name of their own.
 *
 * @module
 */

/** Those of RFC 9110, and PATCH. */
export const methods: readonly string[] = [
  "GET",
  "HEAD",
  "POST",
  "PUT",
  "DELETE",
  "CONNECT",
  "OPTIONS",
  "TRACE",
  "PATCH",
];

/** The label of every other, as OpenTelemetry writes it. */
export const otherMethod = "_OTHER";

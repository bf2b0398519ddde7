/**
 * The one HTML document: everything that it needs stands in it.
 *
 * @module
 */

import { script, style } from "./assets.ts";
import { gzipOf } from "./packed_text.ts";
import { commonHeaders } from "./text_response.ts";

/** A nonce that nobody can guess. */
export function makeNonce(): string {
  return btoa(String.fromCharCode(...crypto.getRandomValues(new Uint8Array(16))));
}

/**
 * The document, compressed. Nothing in it comes from a request or from what was measured: numbers come by `fetch`, as data.
 */
export function gzipDocument(nonce: string): Uint8Array<ArrayBuffer> {
  return gzipOf([
    `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<meta name="robots" content="noindex">
<title>Live</title>
<link rel="icon" href="data:,">
<style nonce="${nonce}">`,
    style,
    `</style>
</head>
<body>
<main id="live"></main>
<noscript><p>This page draws with JavaScript. Its findings are at <a href="?format=json">?format=json</a>.</p></noscript>
<script nonce="${nonce}">`,
    script,
    `</script>
</body>
</html>
`,
  ]);
}

/** The headers of the document. Scripts, styles and requests are allowed to what stands here alone. */
export function documentHeaders(nonce: string): Record<string, string> {
  return {
    "content-type": "text/html; charset=utf-8",
    "content-security-policy": `default-src 'none'; script-src 'nonce-${nonce}'; style-src 'nonce-${nonce}'; ` +
      "img-src data: blob:; connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
    "referrer-policy": "no-referrer",
    ...commonHeaders,
  };
}

// What another server has answered, passed on.

import { type Kind, kindsOf } from "./kind.ts";
import { upstreamPaths } from "./upstream.ts";

/** Each answer, passed on in one way. */
function passedOn(how: string, pass: (response: Response) => unknown, paths: readonly string[]): Kind[] {
  return kindsOf(Object.fromEntries(paths.map((path) => [
    `proxied ${path.slice(1)} ${how}`,
    async ({ upstream, request }) =>
      pass(await fetch(upstream + path, { redirect: "manual", method: request.method, signal: null })),
  ])));
}

const some = ["/plain", "/gzip", "/br", "/pieces", "/empty", "/204", "/404", "/cookies", "/latin1", "/big", "/999"];

export const proxiedKinds: readonly Kind[] = [
  ...passedOn("as it is", (response) => response, upstreamPaths),
  ...passedOn("made anew", (response) => new Response(response.body, response), some),
  ...passedOn("made anew with headers", ({ body, status, headers }) => new Response(body, { status, headers }), some),
  ...passedOn("decoded", (response) => {
    const copy = new Response(response.body, response);
    copy.headers.delete("content-encoding");
    copy.headers.delete("content-length");
    return copy;
  }, ["/gzip", "/br", "/plain", "/pieces"]),
  ...passedOn("with a header more", (response) => {
    const copy = new Response(response.body, response);
    copy.headers.append("x-proxied", "yes");
    return copy;
  }, ["/plain", "/cookies", "/404"]),
  ...passedOn("read whole", async (response) => {
    await response.arrayBuffer();
    return response;
  }, ["/plain", "/gzip", "/empty", "/204", "/999"]),
  ...passedOn("read whole and made anew", async (response) => new Response(await response.arrayBuffer(), response), [
    "/plain",
    "/gzip",
    "/404",
    "/999",
  ]),
  ...passedOn("cloned", (response) => response.clone(), ["/plain", "/gzip", "/pieces", "/204", "/999"]),
  ...passedOn("whose clone was read", async (response) => {
    await response.clone().text();
    return response;
  }, ["/plain", "/gzip", "/pieces", "/204", "/999"]),
  ...passedOn("body alone", (response) => new Response(response.body), ["/plain", "/gzip", "/pieces", "/204"]),
  ...passedOn("body looked at", (response) => {
    void response.body;
    return response;
  }, ["/plain", "/gzip", "/204"]),
  ...passedOn("headers looked at", (response) => {
    void response.headers.get("content-type");
    return response;
  }, ["/plain", "/gzip", "/latin1", "/cookies"]),
  ...passedOn("as JSON", async (response) => Response.json({ length: (await response.text()).length }), [
    "/plain",
    "/br",
  ]),
  ...passedOn("with its own property", (response) => Object.assign(response, { mine: true }), [
    "/plain",
    "/gzip",
    "/999",
  ]),
  ...kindsOf({
    "proxied and redirected": async ({ upstream }) => await fetch(`${upstream}/301`),
    "proxied from nowhere": async () => await fetch("http://127.0.0.1:9/"),
    "proxied without waiting": ({ upstream }) => fetch(`${upstream}/gzip`),
    "proxied under a signal that aborts": async ({ upstream }) => {
      const abort = new AbortController();
      const response = await fetch(`${upstream}/big`, { signal: abort.signal });
      abort.abort();
      return response;
    },
    "proxied data address": async () => await fetch("data:text/plain,hello"),
    "proxied HEAD": async ({ upstream }) => await fetch(`${upstream}/plain`, { method: "HEAD" }),
    "proxied HEAD of gzip": async ({ upstream }) => await fetch(`${upstream}/gzip`, { method: "HEAD" }),
    "proxied blob address": async () => {
      const address = URL.createObjectURL(new Blob(["by its address"], { type: "text/x" }));
      const response = await fetch(address);
      URL.revokeObjectURL(address);
      return response;
    },
  }),
];

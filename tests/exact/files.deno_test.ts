// What Deno answers with files.

import { serveApp } from "../support/real_server.ts";
import { answerByPath, type Door } from "./compare.ts";
import { compareAnswers } from "./compare_answers.ts";
import { empty, large, missing, text } from "./files.ts";
import { ask, kindsOf, routeOf } from "./kind.ts";

/** An open file of Deno's. */
interface FsFile {
  readonly readable: ReadableStream<Uint8Array<ArrayBuffer>>;
  seek(offset: number, from: number): Promise<number>;
}

const { Deno } = globalThis as unknown as { Deno: { open(path: string): Promise<FsFile> } };
const open = async (path: string): Promise<ReadableStream<Uint8Array<ArrayBuffer>>> => (await Deno.open(path)).readable;

const files = kindsOf({
  "a file": async () => new Response(await open(text)),
  "a large file": async () => new Response(await open(large)),
  "an empty file": async () => new Response(await open(empty)),
  "a file with its length": async () => new Response(await open(text), { headers: { "content-length": "1000" } }),
  "a file under a status": async () => new Response(await open(text), { status: 206 }),
  "a file that is not there": async () => new Response(await open(missing)),
  "the end of a file": async () => {
    const opened = await Deno.open(text);
    await opened.seek(990, 0);
    return new Response(opened.readable);
  },
  "a file through a stream": async () => new Response((await open(large)).pipeThrough(new TransformStream())),
  "a file that is compressed": async () =>
    new Response((await open(large)).pipeThrough(new CompressionStream("gzip") as never)),
  "a file in two": async () => new Response((await open(text)).tee()[0]),
  "a file's copy": async () => new Response(await open(text)).clone(),
  "a file made anew": async () => new Response(new Response(await open(text)).body),
  "a file as bytes": async () => new Response(await new Response(await open(large)).arrayBuffer()),
  "a file that was looked at": async () => {
    const response = new Response(await open(text));
    void response.body;
    return response;
  },
  "a file by its address": async () => await fetch(`file://${text}`),
  "a file that is cancelled": async () => {
    const body = await open(text);
    await body.cancel();
    return new Response(body);
  },
}, { messages: [ask("GET"), ask("HEAD"), ask("GET", "Range: bytes=2-5\r\n")] });

const door: Door = {
  name: "Deno.serve() with files",
  allowed: [],
  async serve(load, monitor) {
    const handler = answerByPath(load);
    const { url, stop } = await serveApp(monitor?.instrument(handler, { route: routeOf }) ?? handler);
    return { port: Number(new URL(url).port), stop };
  },
};

compareAnswers(door, { kinds: files });

// Files, which Bun sends past JavaScript as long as nobody makes a stream of them.

import { describe, it } from "node:test";
import { assertEquals, assertInstanceOf } from "@std/assert";
import { currentRuntime } from "../../src/runtime/detect.ts";

describe("bodyStream() on Bun", () => {
  const { bodyStream } = currentRuntime();
  // `deno check` reads this file, too.
  const { Bun } = globalThis as unknown as { Bun: { file(path: URL): Blob } };
  const file = Bun.file(new URL("../../package.json", import.meta.url));

  it("is undefined for a file, a part of one and a blob with a type, which keep their types and lengths", async () => {
    const bodies: [Blob, length: number][] = [
      [file, file.size],
      [file.slice(0, 5), 5],
      [new Blob(["hello"], { type: "text/plain" }), 5],
    ];
    for (const [body, length] of bodies) {
      const response = new Response(body);
      const type = response.headers.get("content-type");
      assertEquals(bodyStream(response), undefined);
      assertEquals([response.headers.get("content-type"), response.bodyUsed], [type, false]);
      assertEquals((await response.arrayBuffer()).byteLength, length);
    }
  });

  it("is a stream for what is made by a generator, or directly, also where the type looks like a file's print", () => {
    async function* pieces(): AsyncGenerator<string> {
      yield "a";
    }
    const direct = new ReadableStream({
      type: "direct",
      pull(controller: { write(text: string): void; close(): void }) {
        controller.write("a");
        controller.close();
      },
    } as unknown as UnderlyingDefaultSource);
    for (const body of [pieces(), pieces as unknown as BodyInit, direct]) {
      const response = new Response(body as BodyInit, { headers: { "content-type": "  FileRef (x" } });
      assertInstanceOf(bodyStream(response), ReadableStream);
    }
  });
});

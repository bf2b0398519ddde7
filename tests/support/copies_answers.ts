import { existsSync } from "node:fs";
import process from "node:process";

/** What every copy of the tests answers. */
export async function answer(request: Request): Promise<Response> {
  const { pathname, searchParams } = new URL(request.url);
  switch (pathname) {
    case "/block": {
      const end = performance.now() + Number(searchParams.get("ms"));
      await new Promise((resolve) => setTimeout(resolve, 5));
      while (performance.now() < end);
      // Or until a file is there.
      const file = searchParams.get("until");
      while (file && !existsSync(file)) Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 10);
      return new Response("blocked");
    }
    case "/pid":
      return new Response(String(process.pid));
    default:
      return new Response("hello");
  }
}

// The comparison itself: it must see what it is there to see.

import { describe, it } from "node:test";
import { assertMatch, assertRejects } from "@std/assert";
import { serveApp } from "../support/real_server.ts";
import { answerByPath, Comparison } from "./compare.ts";
import { encode, kindsOf, routeOf } from "./kind.ts";
import { pulled } from "./stream_kinds.ts";

const kinds = kindsOf({
  text: () => new Response("hello"),
  stream: () => new Response(pulled(encode("one "), encode("two"))),
});

/** What somebody in our place might do to an answer. */
const faults: Record<string, [(response: Response) => Response | Promise<Response>, RegExp]> = {
  "adds a header": [(response) => {
    response.headers.set("x-added", "1");
    return response;
  }, /text differs for GET/],
  "changes a byte": [async (response) => new Response((await response.text()).toUpperCase(), response), /text differs/],
  "puts pieces together": [async (response) => new Response(await response.arrayBuffer(), response), /stream differs/],
  "changes the status": [({ body, headers }) => new Response(body, { status: 201, headers }), /text differs for HEAD/],
};

describe("the comparison finds whoever", () => {
  for (const [name, [fault, found]] of Object.entries(faults)) {
    it(name, async () => {
      await using comparison = await Comparison.start({
        name,
        async serve(load, monitor) {
          const handler = answerByPath(load);
          const faulty = async (request: Request): Promise<Response> => await fault(handler(request));
          const { url, stop } = await serveApp(monitor?.instrument(faulty, { route: routeOf }) ?? handler);
          return { port: Number(new URL(url).port), stop };
        },
      }, kinds);
      assertMatch((await assertRejects(() => comparison.assertSame({}), Error)).message, found);
    });
  }

  it("counts twice, or not at all", async () => {
    await using comparison = await Comparison.start({
      name: "counts twice",
      async serve(load, monitor) {
        const handler = answerByPath(load);
        const measured = monitor?.instrument(handler, { route: routeOf });
        const fetch = async (request: Request): Promise<Response> => {
          if (routeOf(request) === "/text") await measured?.(request.clone());
          return handler(request);
        };
        const { url, stop } = await serveApp(fetch);
        return { port: Number(new URL(url).port), stop };
      },
    }, kinds);
    const { message } = await assertRejects(() => comparison.assertSame({}), Error);
    assertMatch(message, /text is counted 2 times/);
    assertMatch(message, /stream is counted 0 times, and came 2 times/);
  });
});

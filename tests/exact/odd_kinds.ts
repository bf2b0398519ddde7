// Answers that handlers are not meant to give, and gives anyway.

import { runInNewContext } from "node:vm";
import { ask, askOn, encode, type Kind, kindsOf } from "./kind.ts";
import { pulled } from "./stream_kinds.ts";
import { runtimeName } from "../support/loop.ts";

const later = (milliseconds = 5): Promise<void> => new Promise((resolve) => setTimeout(resolve, milliseconds));
const fail = (error: unknown): never => {
  throw error;
};
const thenable = (then: (done: (value: unknown) => void, failed: (error: unknown) => void) => unknown): unknown => ({
  then,
});

class Own extends Response {
  own = "field";
  #hidden = "hidden";

  get hidden(): string {
    return this.#hidden;
  }
}

class Louder extends Response {
  override get status(): number {
    return 202;
  }
}

class Typed extends Response {
  override get headers(): Headers {
    return new Headers({ "x-typed": "yes", "content-type": "text/typed" });
  }
}

class OtherBody extends Response {
  override get body(): ReadableStream<Uint8Array<ArrayBuffer>> {
    return pulled(encode("another body")) as ReadableStream<Uint8Array<ArrayBuffer>>;
  }
}

const made: Readonly<Record<string, () => Response>> = {
  text: () => new Response("odd", { headers: { "x-a": "b" } }),
  stream: () => new Response(pulled(encode("odd "), encode("stream")), { headers: { "content-type": "text/x" } }),
  nothing: () => new Response(null, { status: 204 }),
};

/** Each of these done to each of those. */
const changed: Kind[] = Object.entries(made).flatMap(([what, make]) =>
  kindsOf(Object.fromEntries(
    Object.entries<(response: Response) => unknown>({
      frozen: Object.freeze,
      sealed: Object.seal,
      "not extensible": Object.preventExtensions,
      "with an own field": (response) => Object.assign(response, { mine: 1 }),
      "with an own symbol": (response) => Object.assign(response, { [Symbol.for("mine")]: 1 }),
      "with an own status": (response) => Object.defineProperty(response, "status", { value: 203 }),
      "with own headers": (response) =>
        Object.defineProperty(response, "headers", { value: new Headers({ "x-own": "1" }) }),
      "with an own body": (response) => Object.defineProperty(response, "body", { value: pulled(encode("own body")) }),
      "with no body of its own": (response) => Object.defineProperty(response, "body", { value: null }),
      "whose status throws": (response) =>
        Object.defineProperty(response, "status", { get: () => fail(new Error("no")) }),
      "whose body throws": (response) => Object.defineProperty(response, "body", { get: () => fail(new Error("no")) }),
      "whose headers throw": (response) =>
        Object.defineProperty(response, "headers", { get: () => fail(new Error("no")) }),
      "of another prototype": (response) => Object.setPrototypeOf(response, Own.prototype),
      "without a prototype": (response) => Object.setPrototypeOf(response, null),
      "as a prototype": (response) => Object.create(response),
      "behind a proxy": (response) => new Proxy(response, {}),
      "behind a proxy that binds": (response) =>
        new Proxy(response, {
          get(target, name) {
            const value = Reflect.get(target, name);
            return typeof value === "function" ? value.bind(target) : value;
          },
        }),
      cloned: (response) => response.clone(),
      "whose clone was made": (response) => {
        response.clone();
        return response;
      },
      "whose clone was read": async (response) => {
        await response.clone().text();
        return response;
      },
      "whose clone is read meanwhile": (response) => {
        void response.clone().text().catch(() => {});
        return response;
      },
      read: async (response) => {
        await response.text();
        return response;
      },
      "that is being read": (response) => {
        void response.text();
        return response;
      },
      "made anew": (response) => new Response(response.body, response),
      "with its body cancelled": async (response) => {
        await response.body?.cancel();
        return response;
      },
      late: async (response) => {
        await later();
        return response;
      },
    }).map(([how, change]) => [`${what} ${how}`, () => change(make())]),
  ))
);

export const oddKinds: readonly Kind[] = [
  ...changed,
  ...kindsOf({
    "subclass with a field": () => new Own("own"),
    "subclass with a field, of a stream": () => new Own(pulled(encode("own"))),
    "subclass with another status": () => new Louder("louder"),
    "subclass with other headers": () => new Typed("typed"),
    "subclass with another body": () => new OtherBody("not this"),
    "subclass of Response.json": () => Own.json({ a: 1 }),
    "throws an Error": () => fail(new Error("boom")),
    "throws a text": () => fail("boom"),
    "throws undefined": () => fail(undefined),
    "throws null": () => fail(null),
    "throws a number": () => fail(7),
    "throws a Response": () => fail(new Response("thrown", { status: 418 })),
    "throws an object with a status": () => fail({ status: 404, message: "not found" }),
    "throws an Error with a status": () => fail(Object.assign(new Error("boom"), { status: 404, statusCode: 404 })),
    "rejects with an Error": () => Promise.reject(new Error("boom")),
    "rejects with undefined": () => Promise.reject(undefined),
    "rejects with a Response": () => Promise.reject(new Response("rejected", { status: 418 })),
    "rejects late": async () => {
      await later();
      throw new Error("boom");
    },
    "answers undefined": () => undefined,
    "answers null": () => null,
    "answers a text": () => "hello",
    "answers a number": () => 7,
    "answers true": () => true,
    "answers an object": () => ({}),
    "answers a list": () => [],
    "answers a function": () => () => new Response("called"),
    "answers a Request": ({ request }) => request,
    "answers an Error": () => new Error("answered"),
    "answers a class": () => Response,
    "answers bytes": () => encode("bytes"),
    "answers a stream": () => pulled(encode("stream")),
    "answers undefined late": async () => void await later(),
    "answers null late": () => later().then(() => null),
    "answers an object late": () => later().then(() => ({})),
    "answers what looks like a response": () => ({
      status: 201,
      headers: new Headers({ "x-odd": "1" }),
      body: new Response("like").body,
    }),
    "answers what looks like one without headers": () => ({ status: 200, body: null }),
    "answers what looks like one with a number too large": () => ({
      status: 11000,
      headers: new Headers(),
      body: null,
    }),
    "answers what looks like one with a text for its status": () => ({
      status: "404",
      headers: new Headers(),
      body: null,
    }),
    "answers what looks like one with 999": () => ({ status: 999, headers: new Headers(), body: null }),
    "answers a promise": () => Promise.resolve(new Response("promised")),
    "answers a promise of a promise": () => Promise.resolve(Promise.resolve(new Response("promised"))),
    "answers a subclass of promises": () => {
      class Own<T> extends Promise<T> {}
      return Own.resolve(new Response("own promise"));
    },
    "answers a thenable": () => thenable((done) => done(new Response("later"))),
    "answers a thenable that takes its time": () => thenable((done) => setTimeout(done, 5, new Response("later"))),
    "answers a thenable of a thenable": () => thenable((done) => done(thenable((done) => done(new Response("later"))))),
    "answers a thenable that fails": () => thenable((_, failed) => failed(new Error("boom"))),
    "answers a thenable that throws": () => thenable(() => fail(new Error("boom"))),
    "answers a thenable of nothing": () => thenable((done) => done(undefined)),
    "answers a thenable to a promise": () => Promise.resolve(thenable((done) => done(new Response("later")))),
    "answers a response with then": () => Object.assign(new Response("odd"), { then: 1 }),
    "answers a response that is a thenable": () =>
      Object.assign(new Response("outer"), { then: (done: (value: unknown) => void) => done(new Response("inner")) }),
    "answers what throws when it is looked at": () =>
      new Proxy({}, {
        get: () => fail(new Error("do not look")),
      }),
    "answers what throws at then": () =>
      Object.defineProperty({}, "then", { get: () => fail(new Error("do not look")) }),
    "answers a function with then": () =>
      Object.assign(() => {}, { then: (done: (value: unknown) => void) => done(new Response("later")) }),
  }),
  ...kindsOf({
    "same response twice": ({ memory }) => {
      const kept = memory.get("kept") ?? new Response("kept");
      memory.set("kept", kept);
      return kept;
    },
    "same empty response twice": ({ memory }) => {
      const kept = memory.get("kept") ?? new Response(null, { status: 204 });
      memory.set("kept", kept);
      return kept;
    },
    "same stream twice": ({ memory }) => {
      const kept = memory.get("kept") ?? new Response(pulled(encode("kept")));
      memory.set("kept", kept);
      return kept;
    },
    "clone of the same response twice": ({ memory }) => {
      const kept = (memory.get("kept") ?? new Response("kept", { headers: { "x-a": "b" } })) as Response;
      memory.set("kept", kept);
      return kept.clone();
    },
    "clone of the same stream twice": ({ memory }) => {
      const kept = (memory.get("kept") ?? new Response(pulled(encode("kept")))) as Response;
      memory.set("kept", kept);
      return kept.clone();
    },
  }, { messages: [[askOn("GET"), ask("GET")]] }),
  // Deno and Bun have no other realm whose promises they would know.
  ...(runtimeName === "node"
    ? kindsOf({
      "answers another realm's promise": () =>
        runInNewContext("Promise.resolve(response)", { response: new Response("another realm's") }),
      "answers another realm's rejection": () => runInNewContext("Promise.reject(new Error('boom'))"),
    })
    : []),
];

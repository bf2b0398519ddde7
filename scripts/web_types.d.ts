// The web's types as the published declarations name them. Each is the user's own, from DOM, Node, Bun, Deno or a Worker's
// types; a project that has none of these still compiles, and sees the little that is said here.
// @types/node tells in the same way whether the DOM's types are there.

type Global<Name extends string, Fallback> = typeof globalThis extends { [Key in Name]: { prototype: infer Type } }
  ? Type
  // Bun's types tell what `new` makes, and no prototype.
  : typeof globalThis extends { [Key in Name]: new (...args: never[]) => infer Type } ? Type
  : Fallback;

type InitOf<Fallback> = typeof globalThis extends { Request: new (input: never, init?: infer Init) => unknown }
  ? NonNullable<Init>
  : Fallback;

// deno-lint-ignore ban-types -- where there is no such symbol, nothing is asked
type Disposer<Name extends string, Result, Fallback = {}> = typeof globalThis extends
  { Symbol: { readonly [Key in Name]: infer Key extends symbol } } ? { [Method in Key]: () => Result }
  : Fallback;

interface HeadersShape {
  get(name: string): string | null;
  has(name: string): boolean;
}

interface SignalShape {
  readonly aborted: boolean;
  readonly reason: unknown;
}

interface UrlShape {
  readonly href: string;
  toString(): string;
}

interface RequestShape {
  readonly method: string;
  readonly url: string;
  readonly headers: Headers;
  readonly signal: AbortSignal;
}

interface InitShape {
  method?: string;
  headers?: unknown;
  body?: unknown;
  signal?: AbortSignal | null;
}

interface ResponseShape {
  readonly status: number;
  readonly ok: boolean;
  readonly headers: Headers;
  readonly body: ReadableStream | null;
  text(): Promise<string>;
  arrayBuffer(): Promise<ArrayBuffer>;
}

export type Headers = Global<"Headers", HeadersShape>;
export type AbortSignal = Global<"AbortSignal", SignalShape>;
export type URL = Global<"URL", UrlShape>;
export type Request = Global<"Request", RequestShape>;
export type RequestInit = InitOf<InitShape>;
export type Response = Global<"Response", ResponseShape>;
export type Blob = Global<"Blob", object>;
/** Of any chunks: what a global's type parameter was cannot be asked. */
export type ReadableStream<_Chunk = unknown> = Global<"ReadableStream", object>;
export type Disposable = Disposer<"dispose", void>;
export type AsyncDisposable = Disposer<"asyncDispose", PromiseLike<void>>;

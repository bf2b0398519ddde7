// What a kind of answer is.

import type { Message } from "./wire.ts";

/** What a server for fetch handlers has. */
export interface Fetched {
  request: Request;
}

/** What makes an answer, beside what its server has. */
export interface Ask {
  /** Where a server stands whose answers can be passed on. */
  upstream: string;
  /** What this kind keeps from one request to the next. */
  memory: Map<string, unknown>;
}

/** A kind of answer. */
export interface Kind<Given = Fetched> {
  /** Says what it is; also the path of its route, made safe. */
  name: string;
  answer(ask: Ask & Given): unknown;
  /** What is said on each connection, `PATH` in place of the path; GET and HEAD where it is not given. */
  messages?: readonly Message[];
  /** Why it is left out, by the name of a server or runtime. */
  skip?: Readonly<Record<string, string>>;
}

/** The path of a kind. */
export function pathOf(name: string): string {
  return `/${name.replace(/[^A-Za-z0-9.]+/g, "-").replace(/^-|-$/g, "")}`;
}

/** Makes kinds of functions by name. */
export function kindsOf<Given = Fetched>(
  answers: Readonly<Record<string, Kind<Given>["answer"]>>,
  more: Partial<Kind<Given>> = {},
): Kind<Given>[] {
  return Object.entries(answers).map(([name, answer]) => ({ name, answer, ...more }));
}

export const encode = (text: string): Uint8Array<ArrayBuffer> => new TextEncoder().encode(text);

/** One request, over a connection that ends with it. */
export function ask(method: string, headers = "", body = "", path = "PATH"): string {
  return `${method} ${path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n${headers}\r\n${body}`;
}

/** One request, over a connection that stays. */
export function askOn(method: string, headers = "", body = "", path = "PATH"): string {
  return ask(method, headers, body, path).replace("Connection: close\r\n", "");
}

/** The path of the kind that a request asks for. */
export function routeOf({ url }: { url: string }): string {
  return /^[a-z]+:\/\/[^/]*([^?]*?)\/?(?:\?|$)/.exec(url)?.[1] ?? "";
}

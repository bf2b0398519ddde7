// Drives every kind of answer through a server with and without us, and compares what came over the socket.

import { Registry } from "prom-client";
import { createMonitor, type Monitor, type MonitorOptions } from "../../mod.ts";
import { inFlight } from "../support/measured_app.ts";
import { type Page, scrape } from "../support/page.ts";
import { until } from "../support/until.ts";
import { ask, type Kind, methodsIn, pathOf, routeOf } from "./kind.ts";
import { startUpstream, type Upstream } from "./upstream.ts";
import { answersOf, type Message, normalised, talk, type Wire } from "./wire.ts";

/** A server that listens. */
export interface Listening {
  port: number;
  stop(): unknown;
}

/** What a server is given of the kinds. */
export interface Load {
  kinds: readonly Kind[];
  /** Answers a request of any kind by its path. */
  handle(request: Request): unknown;
  /** Answers a request of one kind. */
  answer(kind: Kind, request: Request): unknown;
}

/** A server with all that stands between it and a handler. */
export interface Door {
  name: string;
  /**
   * Starts it.
   *
   * @param load What it serves.
   * @param monitor What measures; undefined for the server as it is without us.
   */
  serve(load: Load, monitor: Monitor | undefined): Promise<Listening>;
  /** Where the measured answer differs, or its count, and why that cannot be had: by the name of a kind. */
  allowed?: Allowed;
}

/** What may differ: patterns of names, why, and whether it differs on some days alone. */
export type Allowed = readonly (readonly [names: RegExp, reason: string, sometimes?: "sometimes"])[];

/** How many connections at once. */
const width = 12;
/** How often what differs is asked again: of what varies by itself, each variant comes sooner or later. */
const repetitions = 8;

class Side implements Load, AsyncDisposable {
  readonly kinds: readonly Kind[];
  readonly calls: Map<Kind, number> = new Map();
  readonly #upstream: string;
  readonly #paths: Map<string, Kind>;
  readonly #memories: Map<Kind, Map<string, unknown>> = new Map();
  #server: Listening | undefined;

  constructor(kinds: readonly Kind[], upstream: string) {
    this.kinds = kinds;
    this.#upstream = upstream;
    this.#paths = new Map(kinds.map((kind) => [pathOf(kind.name), kind]));
  }

  async start(door: Door, monitor: Monitor | undefined): Promise<void> {
    this.#server = await door.serve(this, monitor);
  }

  handle = (request: Request): unknown => {
    const kind = this.#paths.get(routeOf(request));
    return kind ? this.answer(kind, request) : new Response("no such kind", { status: 404 });
  };

  answer(kind: Kind, request: Request): unknown {
    this.calls.set(kind, (this.calls.get(kind) ?? 0) + 1);
    let memory = this.#memories.get(kind);
    if (!memory) this.#memories.set(kind, memory = new Map());
    return kind.answer({ request, upstream: this.#upstream, memory });
  }

  /** Speaks on one connection, as if nobody had asked for this kind before. */
  async talk(kind: Kind, message: Message): Promise<Wire> {
    this.#memories.delete(kind);
    const put = (text: string): string => text.replaceAll("PATH", pathOf(kind.name));
    const wire = await talk(this.#server!.port, typeof message === "string" ? put(message) : message.map(put));
    return { ...wire, text: normalised(wire.text) };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#server?.stop();
  }
}

/** What a client knows of a connection's answers, whatever the size of their pieces. */
function unframed({ text, end }: Wire, methods: readonly string[]): string {
  const answers = answersOf(text, methods).map(({ head, body, rest }) => [head, body, rest]);
  return JSON.stringify([end, answers]);
}

const asText = ({ text, end }: Wire): string => `${end} ${text}`;

/** Shows where two texts part. */
function difference(theirs: string, ours: string): string {
  let at = 0;
  while (at < theirs.length && theirs[at] === ours[at]) at++;
  const from = Math.max(0, at - 60);
  const show = (text: string): string => JSON.stringify(text.slice(from, at + 200));
  return `from character ${at} on\n      without us ${show(theirs)}\n      with us    ${show(ours)}`;
}

/** A server without us, and what it answers. */
export class Comparison implements AsyncDisposable {
  readonly #door: Door;
  readonly #kinds: readonly Kind[];
  readonly #upstream: Upstream;
  readonly #bare: Side;
  /** What came over each connection, by kind and message. */
  readonly #theirs: Map<Kind, Map<Message, Wire[]>> = new Map();

  private constructor(door: Door, kinds: readonly Kind[], upstream: Upstream) {
    this.#door = door;
    this.#kinds = kinds;
    this.#upstream = upstream;
    this.#bare = new Side(kinds, upstream.url);
  }

  /** Starts the server as it is without us. */
  static async start(door: Door, kinds: readonly Kind[]): Promise<Comparison> {
    const comparison = new Comparison(door, kinds, await startUpstream());
    await comparison.#bare.start(door, undefined);
    return comparison;
  }

  /**
   * Compares all kinds under one set of options.
   *
   * @param options The monitor's.
   * @throws {Error} If anything differs beside what is allowed to, or what is allowed to does not; with all of that.
   */
  async assertSame(options: MonitorOptions): Promise<void> {
    using monitor = createMonitor({ registry: new Registry(), maxLabelSets: 10_000, ...options });
    await using measured = new Side(this.#kinds, this.#upstream.url);
    await measured.start(this.#door, monitor);
    const found: Found[] = [];
    const heard: Heard = new Map();
    const queue = [...this.#kinds];
    const worker = async (): Promise<void> => {
      for (let kind = queue.shift(); kind; kind = queue.shift()) {
        const all: [Wire, string[]][] = [];
        heard.set(kind, all);
        for (const message of kind.messages ?? usual) {
          const wires: Wire[] = [];
          const differs = await this.#compareMessage(kind, message, measured, wires);
          if (differs) found.push([kind, differs]);
          for (const wire of wires) all.push([wire, methodsIn(message)]);
        }
      }
    };
    await Promise.all(Array.from({ length: width }, worker));
    found.push(...await checkCounts(monitor, options, measured.calls, heard));
    const wrong = report(found, this.#door.allowed ?? [], isMeasured(options));
    if (wrong.length > 0) throw new Error(`${wrong.length} differences:\n  ${wrong.join("\n  ")}`);
  }

  /**
   * Compares one conversation.
   *
   * What differs is asked again on both sides. An answer that the server gives without us as well is no difference, and
   * neither is the size of pieces where the server's own varies.
   */
  async #compareMessage(kind: Kind, message: Message, measured: Side, ours: Wire[]): Promise<string | undefined> {
    let messages = this.#theirs.get(kind);
    if (!messages) this.#theirs.set(kind, messages = new Map());
    let theirs = messages.get(message);
    if (!theirs) messages.set(message, theirs = [await this.#bare.talk(kind, message)]);
    ours.push(await measured.talk(kind, message));
    if (theirs.some((wire) => asText(wire) === asText(ours[0]!))) return undefined;
    for (let i = 0; i < repetitions; i++) {
      theirs.push(await this.#bare.talk(kind, message));
      ours.push(await measured.talk(kind, message));
    }
    return differs(kind, message, theirs, ours);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#bare[Symbol.asyncDispose]();
    await this.#upstream[Symbol.asyncDispose]();
  }
}

const usual: readonly Message[] = [ask("GET"), ask("HEAD")];

/** What differs of a kind. */
type Found = [Kind, string];

/** What came over each measured connection, and the methods of what was asked. */
type Heard = Map<Kind, [Wire, string[]][]>;

function differs(kind: Kind, message: Message, theirs: readonly Wire[], ours: readonly Wire[]): string | undefined {
  const methods = methodsIn(message);
  const known = new Set(theirs.map(asText));
  const odd = ours.filter((wire) => !known.has(asText(wire)));
  // What comes once and not again is a race of the server's, which the bare one would win as rarely.
  if (odd.length <= repetitions / 3) return undefined;
  const contents = new Set(theirs.map((wire) => unframed(wire, methods)));
  const odder = odd.find((wire) => !contents.has(unframed(wire, methods)));
  // What came over another connection is cut as it came.
  if (!odder && (known.size > 1 || kind.name.startsWith("proxied "))) return undefined;
  const shown = (typeof message === "string" ? message : message.join("")).split(" HTTP/")[0];
  const what = odder ? "differs" : "has its pieces differ";
  return `${what} for ${shown} ${difference(asText(theirs[0]!), asText(odder ?? odd[0]!))}`;
}

/** What was counted of each route: how many, by status. */
function countedOf(page: Page): Map<string, Map<number, number>> {
  const routes = new Map<string, Map<number, number>>();
  for (const labels of page.has("http_requests_total") ? page.labels("http_requests_total") : []) {
    const route = /route="([^"]*)"/.exec(labels)![1]!;
    const status = Number(/status="(\d*)"/.exec(labels)![1]);
    const counted = routes.get(route) ?? new Map<number, number>();
    routes.set(route, counted);
    counted.set(status, (counted.get(status) ?? 0) + page.value(`http_requests_total${labels}`));
  }
  return routes;
}

function tally(statuses: readonly number[]): string {
  const counts = new Map<number, number>();
  for (const status of statuses) counts.set(status, (counts.get(status) ?? 0) + 1);
  return [...counts].sort(([a], [b]) => a - b).map(([status, count]) => `${count} of ${status}`).join(", ");
}

/** Says how a kind was miscounted. */
function miscounted(
  counted: ReadonlyMap<number, number> | undefined,
  calls: number,
  heard: readonly [Wire, string[]][],
): string | undefined {
  const statuses = heard.flatMap(([{ text }, methods]) =>
    answersOf(text, methods).map(({ status }) => status).filter((status) => status === 101 || status >= 200)
  );
  const counts = [...counted ?? []].flatMap(([status, count]) => new Array<number>(count).fill(status));
  if (counts.length !== calls) return `is counted ${counts.length} times, and was answered ${calls} times`;
  // Where a client got no head at all there is no status to compare.
  if (statuses.length !== calls || tally(counts) === tally(statuses)) return undefined;
  return `is counted as ${tally(counts)}, and its client saw ${tally(statuses)}`;
}

/** Does anything of ours stand around the answers? */
function isMeasured({ collect, http }: MonitorOptions): boolean {
  return (collect as { http?: boolean } | undefined)?.http !== false && http?.exclude?.length !== 1;
}

async function checkCounts(
  monitor: Monitor,
  options: MonitorOptions,
  calls: ReadonlyMap<Kind, number>,
  heard: Heard,
): Promise<Found[]> {
  const measures = isMeasured(options);
  const page = await until(() => scrape(monitor), (page) => !measures || inFlight(page) === 0);
  const counted = countedOf(page);
  return [...heard].flatMap(([kind, wires]): Found[] => {
    const route = pathOf(kind.name);
    const wrong = miscounted(counted.get(route), measures ? calls.get(kind) ?? 0 : 0, wires);
    const flying = page.labels("http_requests_in_progress").filter((labels) =>
      labels.includes(`route="${route}"`) && page.value(`http_requests_in_progress${labels}`) !== 0
    );
    return [
      ...(wrong ? [[kind, wrong] as Found] : []),
      ...(flying.length > 0 ? [[kind, "stays in flight"] as Found] : []),
    ];
  });
}

/** What differs and must not, and what is allowed to and does not. */
function report(found: readonly Found[], allowed: Allowed, isMeasured: boolean): string[] {
  return [
    ...found.filter(([{ name }]) => !(isMeasured && allowed.some(([names]) => names.test(name))))
      .map(([{ name }, what]) => `${name} ${what}`),
    ...allowed.filter(([names, , sometimes]) =>
      isMeasured && !sometimes && !found.some(([{ name }]) => names.test(name))
    )
      .map(([names]) => `${names} does not differ`),
  ];
}

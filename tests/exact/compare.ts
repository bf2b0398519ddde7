// Drives every kind of answer through a server with and without us, and compares what came over the socket.

import type { AddressInfo, Server, Socket } from "node:net";
import { setTimeout as delay } from "node:timers/promises";
import { Registry } from "prom-client";
import { createMonitor, type Monitor, type MonitorOptions } from "../../mod.ts";
import { inFlight } from "../support/measured_app.ts";
import { type Page, scrape } from "../support/page.ts";
import { until } from "../support/until.ts";
import { ask, type Fetched, type Kind, pathOf, routeOf } from "./kind.ts";
import { startUpstream } from "./upstream.ts";
import { answersOf, type Message, methodsIn, normalised, talk, type Wire } from "./wire.ts";

/** A server that listens. */
export interface Listening {
  port: number;
  stop(): unknown;
}

/** Lets a server of `node:http` or `node:http2` listen; to stop it breaks its connections off. */
export async function listenOn(server: Server): Promise<Listening> {
  const sockets = new Set<Socket>();
  server.on("connection", (socket: Socket) => {
    sockets.add(socket);
    socket.on("close", () => sockets.delete(socket));
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    port: (server.address() as AddressInfo).port,
    stop: () => {
      for (const socket of sockets) socket.destroy();
      server.close();
    },
  };
}

/** What a server is given of the kinds, each of which takes what this server has. */
export interface Load<Given = Fetched> {
  kinds: readonly Kind<Given>[];
  /** Answers a request of any kind by its path; undefined where no kind has it. */
  find(path: string): Kind<Given> | undefined;
  /** Notes a request of one kind; once for each that comes. */
  came(kind: Kind<Given>): void;
  /** Answers it. */
  answer(kind: Kind<Given>, given: Given): unknown;
}

/** A server with all that stands between it and a handler. */
export interface Door<Given = Fetched> {
  name: string;
  /**
   * Starts it.
   *
   * @param load What it serves.
   * @param monitor What measures; undefined for the server as it is without us.
   */
  serve(load: Load<Given>, monitor: Monitor | undefined): Promise<Listening>;
  /** Makes what measures; the main entry's where nothing is said. */
  monitor?(options: MonitorOptions): Monitor;
  /** How a client speaks with it; by HTTP/1.1 where nothing is said. */
  talk?(port: number, message: Message): Promise<Wire>;
  /** Why its counts are not compared; undefined where they are. */
  uncounted?: string;
  /** Where the measured answer differs, or its count, and why that cannot be had: by the name of a kind. */
  allowed?: Allowed;
}

/** Answers a request of any kind by its path. */
export function answerByPath(load: Load): (request: Request) => Response {
  return (request) => {
    const kind = load.find(routeOf(request));
    if (!kind) return new Response("no such kind", { status: 404 });
    load.came(kind);
    // What some kinds answer is none on purpose.
    return load.answer(kind, { request }) as Response;
  };
}

/** What may differ: patterns of names, why, and whether it differs on some days alone. */
export type Allowed = readonly (readonly [names: RegExp, reason: string, when?: "sometimes"])[];

/** How many conversations go on at once, in all comparisons together. */
const width = 24;
/** How long a kind keeps the next one from its place, in milliseconds: what only waits by then disturbs nobody. */
const patience = 200;
/**
 * How many looks that time has. On a full machine everything takes longer, and is not to wait for ever more beside it: a
 * server of Node's accepts one connection in a turn of the loop, so that a conversation has as many turns to end in.
 */
const looks = 40;
/** How often what differs is asked again: of what varies by itself, each variant comes sooner or later. */
const repetitions = 8;

/** A server under comparison. */
export interface Side<Given> extends AsyncDisposable {
  /** Speaks on one connection, as if nobody had asked for this kind before. */
  talk(kind: Kind<Given>, message: Message): Promise<Wire>;
  /** How often each kind was asked for. */
  requests(): Promise<ReadonlyMap<Kind<Given>, number>>;
  /** The page of what measures; never asked of a server without us. */
  page(): Promise<Page>;
}

/** Servers under comparison, wherever they run. */
export interface Sides<Given> extends Pick<Door<Given>, "uncounted" | "allowed">, AsyncDisposable {
  /**
   * Starts one.
   *
   * @param options The monitor's; undefined for the server as it is without us.
   */
  start(options: MonitorOptions | undefined): Promise<Side<Given>>;
}

/** A server in this process. */
class OwnSide<Given> implements Load<Given>, Side<Given> {
  readonly kinds: readonly Kind<Given>[];
  readonly #requests: Map<Kind<Given>, number> = new Map();
  readonly #monitor: Monitor | undefined;
  readonly #talk: Talk;
  readonly #upstream: string;
  readonly #paths: Map<string, Kind<Given>>;
  readonly #memories: Map<Kind<Given>, Map<string, unknown>> = new Map();
  #server: Listening | undefined;

  constructor(kinds: readonly Kind<Given>[], upstream: string, monitor: Monitor | undefined, talks: Talk = talk) {
    this.kinds = kinds;
    this.#talk = talks;
    this.#upstream = upstream;
    this.#monitor = monitor;
    this.#paths = new Map(kinds.map((kind) => [pathOf(kind.name), kind]));
  }

  async start(door: Door<Given>): Promise<this> {
    this.#server = await door.serve(this, this.#monitor);
    return this;
  }

  requests(): Promise<ReadonlyMap<Kind<Given>, number>> {
    return Promise.resolve(this.#requests);
  }

  page(): Promise<Page> {
    return scrape(this.#monitor!);
  }

  find = (path: string): Kind<Given> | undefined => this.#paths.get(path);

  came = (kind: Kind<Given>): void => {
    this.#requests.set(kind, (this.#requests.get(kind) ?? 0) + 1);
  };

  answer = (kind: Kind<Given>, given: Given): unknown => {
    let memory = this.#memories.get(kind);
    if (!memory) this.#memories.set(kind, memory = new Map());
    return kind.answer({ ...given, upstream: this.#upstream, memory });
  };

  talk(kind: Kind<Given>, message: Message): Promise<Wire> {
    this.#memories.delete(kind);
    return talkAbout(kind, message, (asked) => this.#talk(this.#server!.port, asked));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#server?.stop();
    this.#monitor?.stop();
  }
}

type Talk = (port: number, message: Message) => Promise<Wire>;

/** Asks a server for a kind. */
export async function talkAbout(
  kind: Named,
  message: Message,
  talks: (message: Message) => Promise<Wire>,
): Promise<Wire> {
  const put = (text: string): string => text.replaceAll("PATH", pathOf(kind.name));
  const { text, end } = await talks(typeof message === "string" ? put(message) : message.map(put));
  return { text: normalised(text), end };
}

/** What a client knows of a connection's answers, whatever the size of their pieces. */
function unframed({ text, end }: Wire, methods: readonly string[]): string {
  const answers = answersOf(text, methods).map(({ head, body, rest }) => [head, body, rest]);
  return JSON.stringify([end, answers]);
}

const asText = ({ text, end }: Wire): string => `${end} ${text}`;

const isSame = (one: Wire, other: Wire): boolean => one.end === other.end && one.text === other.text;

/** Shows where two texts part. */
function difference(theirs: string, ours: string): string {
  let at = 0;
  while (at < theirs.length && theirs[at] === ours[at]) at++;
  const from = Math.max(0, at - 60);
  const show = (text: string): string => JSON.stringify(text.slice(from, at + 200));
  return `from character ${at} on\n      without us ${show(theirs)}\n      with us    ${show(ours)}`;
}

/** A server without us, and what it answers. */
export class Comparison<Given = Fetched> implements AsyncDisposable {
  readonly #sides: Sides<Given>;
  readonly #kinds: readonly Kind<Given>[];
  readonly #bare: Side<Given>;

  private constructor(sides: Sides<Given>, kinds: readonly Kind<Given>[], bare: Side<Given>) {
    this.#sides = sides;
    this.#kinds = kinds;
    this.#bare = bare;
  }

  /** Starts a server in this process as it is without us. */
  static async start<Given>(door: Door<Given>, kinds: readonly Kind<Given>[]): Promise<Comparison<Given>> {
    const upstream = await startUpstream();
    return Comparison.between({
      ...door,
      start: (options) => {
        const make = door.monitor ?? createMonitor;
        const monitor = options && make({ registry: new Registry(), maxLabelSets: 10_000, ...options });
        return new OwnSide(kinds, upstream.url, monitor, door.talk).start(door);
      },
      [Symbol.asyncDispose]: () => upstream[Symbol.asyncDispose](),
    }, kinds);
  }

  /** Starts one wherever it runs. */
  static async between<Given>(sides: Sides<Given>, kinds: readonly Kind<Given>[]): Promise<Comparison<Given>> {
    return new Comparison(sides, kinds, await sides.start(undefined));
  }

  /**
   * Compares all kinds under one set of options.
   *
   * @param options The monitor's.
   * @throws {Error} If anything differs beside what is allowed to, or what is allowed to does not; with all of that.
   */
  async assertSame(options: MonitorOptions): Promise<void> {
    assertNone((await this.compare([options]))[0]!);
  }

  /**
   * Compares all kinds under some sets of options, side by side, so that one answer without us serves them all, and so
   * does one wait for what never comes.
   *
   * @param sets The monitors' options.
   * @param others How many other comparisons go on.
   * @returns What is wrong under each.
   */
  async compare(sets: readonly MonitorOptions[], others = 0): Promise<string[][]> {
    const measured: Measured<Given>[] = [];
    try {
      for (const options of sets) {
        measured.push({ options, side: await this.#sides.start(options), found: [], heard: new Map() });
      }
      const [queue, begun] = [[...this.#kinds], [] as Promise<void>[]];
      const beginInTurn = async (): Promise<void> => {
        for (let kind = queue.shift(); kind; kind = queue.shift()) {
          const compared = this.#compareKind(kind, measured);
          begun.push(compared);
          let isOver = false;
          void compared.catch(() => {}).then(() => isOver = true);
          for (let i = 0; i < looks && !isOver; i++) await Promise.race([compared, delay(patience / looks)]);
        }
      };
      const kindsAtOnce = Math.max(1, Math.floor(width / (1 + sets.length) / (1 + others)));
      await Promise.all(Array.from({ length: kindsAtOnce }, beginInTurn));
      await Promise.all(begun);
      return await Promise.all(measured.map((each) => this.#wrongOf(each)));
    } finally {
      await Promise.all(measured.map(({ side }) => side[Symbol.asyncDispose]()));
    }
  }

  async #wrongOf({ side, options, found, heard }: Measured<Given>): Promise<string[]> {
    if (this.#sides.uncounted === undefined) found.push(...await checkCounts(side, options, heard));
    return report(found, isMeasured(options) ? this.#sides.allowed ?? [] : []);
  }

  /** Has each conversation about a kind, one behind the other. */
  async #compareKind(kind: Kind<Given>, measured: readonly Measured<Given>[]): Promise<void> {
    for (const message of kind.messages ?? usual) {
      const methods = methodsIn(message);
      const [bare, ...all] = await Promise.all(
        [this.#bare, ...measured.map(({ side }) => side)].map((side) => side.talk(kind, message)),
      );
      const theirs = [bare!];
      for (const [i, { side, found, heard }] of measured.entries()) {
        const ours = [all[i]!];
        const differs = await this.#compareMessage(kind, message, side, theirs, ours);
        if (differs) found.push([kind, differs]);
        const wires = ours.map((wire): [Wire, string[]] => [wire, methods]);
        heard.set(kind, [...heard.get(kind) ?? [], ...wires]);
      }
    }
  }

  /**
   * Compares one conversation.
   *
   * What differs is asked again on both sides. An answer that the server gives without us as well is no difference, and
   * neither is the size of pieces where the server's own varies.
   */
  async #compareMessage(
    kind: Kind<Given>,
    message: Message,
    measured: Side<Given>,
    theirs: Wire[],
    ours: Wire[],
  ): Promise<string | undefined> {
    if (theirs.some((wire) => isSame(wire, ours[0]!))) return undefined;
    for (let i = 0; i < repetitions; i++) {
      // Not at once, since both are cut into other pieces where they disturb each other.
      theirs.push(await this.#bare.talk(kind, message));
      ours.push(await measured.talk(kind, message));
    }
    return differs(kind, message, theirs, ours);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#bare[Symbol.asyncDispose]();
    await this.#sides[Symbol.asyncDispose]();
  }
}

const usual: readonly Message[] = [ask("GET"), ask("HEAD")];

/** What has a name: a kind, whatever it is given. */
type Named = Pick<Kind, "name">;

/** What differs of a kind. */
type Found = [Named, string];

/** What came over each measured connection, and the methods of what was asked. */
type Heard<Given> = Map<Kind<Given>, [Wire, string[]][]>;

/** A server with us, and what was found of it. */
interface Measured<Given> {
  options: MonitorOptions;
  side: Side<Given>;
  found: Found[];
  heard: Heard<Given>;
}

/** Fails with all that is wrong. */
export function assertNone(wrong: readonly string[]): void {
  if (wrong.length > 0) throw new Error(`${wrong.length} differences:\n  ${wrong.join("\n  ")}`);
}

function differs(kind: Named, message: Message, theirs: readonly Wire[], ours: readonly Wire[]): string | undefined {
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
function countedOf(page: Page): Map<string, Map<string, number>> {
  const routes = new Map<string, Map<string, number>>();
  for (const labels of page.has("http_requests_total") ? page.labels("http_requests_total") : []) {
    const route = /route="([^"]*)"/.exec(labels)![1]!;
    const status = /status="([^"]*)"/.exec(labels)![1]!;
    const counted = routes.get(route) ?? new Map<string, number>();
    routes.set(route, counted);
    counted.set(status, (counted.get(status) ?? 0) + page.value(`http_requests_total${labels}`));
  }
  return routes;
}

function tally(statuses: readonly string[]): string {
  const counts = new Map<string, number>();
  for (const status of statuses) counts.set(status, (counts.get(status) ?? 0) + 1);
  return [...counts].sort(([a], [b]) => a < b ? -1 : 1).map(([status, count]) => `${count} of ${status}`).join(", ");
}

/** Says how a kind was miscounted. */
function miscounted(
  counted: ReadonlyMap<string, number> | undefined,
  requests: number,
  heard: readonly [Wire, string[]][],
  isGrouped: boolean,
): string | undefined {
  const statuses = heard.flatMap(([{ text }, methods]) =>
    answersOf(text, methods).map(({ status }) => status).filter((status) => status === 101 || status >= 200)
      .map((status) => isGrouped ? `${Math.floor(status / 100)}xx` : String(status))
  );
  const counts = [...counted ?? []].flatMap(([status, count]) => new Array<string>(count).fill(status));
  if (counts.length !== requests) return `is counted ${counts.length} times, and came ${requests} times`;
  // Where a client got no head at all there is no status to compare.
  if (statuses.length !== requests || tally(counts) === tally(statuses)) return undefined;
  return `is counted as ${tally(counts)}, and its client saw ${tally(statuses)}`;
}

/** Does anything of ours stand around the answers? */
function isMeasured({ collect, http }: MonitorOptions): boolean {
  return (collect as { http?: boolean } | undefined)?.http !== false && http?.exclude?.length !== 1;
}

async function checkCounts<Given>(
  measured: Side<Given>,
  options: MonitorOptions,
  heard: Heard<Given>,
): Promise<Found[]> {
  const measures = isMeasured(options);
  // On a full machine a server comes to a request when its client has given it up.
  const { page, requests, counted } = await until(async () => {
    const requests = new Map(await measured.requests());
    const page = await measured.page();
    return { page, requests, counted: countedOf(page) };
  }, ({ page, requests, counted }) => {
    const countOf = (kind: Kind<Given>): number =>
      [...counted.get(pathOf(kind.name))?.values() ?? []].reduce((sum, count) => sum + count, 0);
    return !measures || (inFlight(page) === 0 && [...requests].every(([kind, came]) => countOf(kind) === came));
  });
  const stuck = page.labels("http_requests_in_progress").filter((labels) =>
    page.value(`http_requests_in_progress${labels}`) !== 0
  );
  return [...heard].flatMap(([kind, wires]): Found[] => {
    const route = pathOf(kind.name);
    const wrong = miscounted(
      counted.get(route),
      measures ? requests.get(kind) ?? 0 : 0,
      wires,
      options.http?.groupStatus === true,
    );
    const flies = stuck.some((labels) => labels.includes(`route="${route}"`));
    return [
      ...(wrong ? [[kind, wrong] as Found] : []),
      ...(flies ? [[kind, "stays in flight"] as Found] : []),
    ];
  });
}

/** What differs and must not, and what is allowed to and does not. */
function report(found: readonly Found[], allowed: Allowed): string[] {
  return [
    ...found.filter(([{ name }]) => !allowed.some(([names]) => names.test(name)))
      .map(([{ name }, what]) => `${name} ${what}`),
    ...allowed.filter(([names, , when]) => !when && !found.some(([{ name }]) => names.test(name)))
      .map(([names]) => `${names} does not differ`),
  ];
}

/**
 * The contract between a JavaScript runtime and everything that measures.
 *
 * A member exists only where a behaviour test has shown that it tells the truth on that runtime; what is absent here is
 * absent on the page.
 *
 * @module
 */

import type { LoopReading, MemoryReading, ProcessReading, UsageReading } from "../sample.ts";

/** The runtimes that are told apart; `edge` stands for every one that is not known. */
export type RuntimeName = "node" | "deno" | "bun" | "workerd" | "edge";

/** A running watch over garbage collection. */
export interface GcWatch {
  /** Delivers the collections that the runtime still holds back. */
  drain(): void;
  /** Ends the watch. */
  stop(): void;
}

/** Who is told how a stream ended. */
export interface StreamFollower {
  /**
   * Tells it once.
   *
   * @param end It was read to its end, given up by its reader, or it broke.
   * @param overAt When, in seconds of the runtime's clock, where that is not now.
   */
  over(end: "completed" | "aborted" | "error", overAt?: number): void;
}

/** Compresses on the caller's own thread. */
export interface Deflater {
  /**
   * Compresses a piece by itself. What comes of the pieces is one deflate stream when it is put together.
   *
   * @param bytes The piece.
   * @param isLast Whether the stream ends with it.
   */
  deflate(bytes: Uint8Array, isLast: boolean): Uint8Array;
  /** The checksum of everything up to here: that of what came before, 0 at first, continued. */
  crc32(bytes: Uint8Array, before: number): number;
}

/** A copy of a body: a `Blob`, or its size alone. */
export interface BodyCopy {
  /** In bytes. */
  readonly size: number;
  arrayBuffer?(): Promise<ArrayBuffer>;
}

/** The facts that one runtime can tell. */
export interface Runtime {
  readonly name: RuntimeName;
  /** The runtime's own version, such as `24.21.0`; empty where it has none. */
  readonly version: string;
  /** The engine and its version, such as `v8 13.6.233.10`; empty where it is not told. */
  readonly engine: string;

  /** A clock that never goes back, in seconds from an arbitrary moment. */
  now(): number;
  /** The wall clock, as Unix time in seconds. */
  unixNow(): number;

  /**
   * Runs the callback once after that many seconds, without keeping the process alive unless it is told to: somebody
   * waits for what the timer ends, and a process that ended meanwhile would never answer. Absent where timers cannot run
   * outside a request.
   */
  startTimer?(callback: () => void, seconds: number, keepsAlive?: boolean): unknown;
  /** Cancels what `startTimer` answered. */
  stopTimer?(timer: unknown): void;
  /** Runs the callback after one turn of the loop. */
  nextTurn?(callback: () => void): void;

  /** CPU time of the whole process, user and system, in seconds since it began. */
  cpuSeconds?(): number;
  /** CPU time of the loop's own thread, in seconds since it began. */
  threadCpuSeconds?(): number;
  /** How often the kernel took the CPU from a thread of this process that wanted to go on. */
  involuntarySwitches?(): number;
  /** Reads a file of /proc or /sys; throws where it cannot. Absent off Linux, and where a read would ask somebody first. */
  systemFile?(path: string): string;
  loopTime?(): LoopReading;
  memory?(): MemoryReading;
  process?(): ProcessReading;
  /** What of both can be told for some 20 µs, a tenth of what they cost. */
  usage?(): UsageReading;
  /** How long this isolate has been running, in seconds. */
  uptimeSeconds?(): number;
  /** What tells this isolate from its siblings, where a scrape may reach any of them. */
  instance?(): string;
  /** What the runtime itself counts as begun and not ended, by kind; every kind that it can tell is there, also at 0. */
  pendingWork?(): ReadonlyMap<string, number>;

  /** Sends one trivial job through the runtime's hidden thread pool and calls back when it is done. */
  probePool?(done: () => void): void;
  /** How many jobs the hidden thread pool runs at once; undefined while that is not known. */
  poolCapacity?(): number | undefined;
  /**
   * The stream that a response's body is made of; null where there is no body, undefined where it stands ready and is sent
   * in one go. Asking must not touch a ready body: reading `response.body` makes a stream of it, for 0.3 to 10 µs.
   *
   * @param counts Its bytes are to be counted; where a ready body has a stream as well, that is answered then.
   */
  bodyStream(response: Response, counts?: boolean): ReadableStream<Uint8Array> | null | undefined;
  /** Tells when a stream is over, while it stays what it is to everybody else; false where that cannot be told of this one. */
  followStream?(stream: ReadableStream, follower: StreamFollower): boolean;
  /**
   * Tells when a server has sent an answer, which is not touched for that; false where the server does not know the request.
   *
   * @param server What the server passed beside the request.
   * @param stream The answer's body where it is a stream; it tells whether it broke.
   */
  followSent?(
    request: Request,
    server: unknown,
    stream: ReadableStream | undefined,
    follower: StreamFollower,
  ): boolean;
  /**
   * How long a body is that stands ready, in bytes or characters; undefined where that cannot be told for nothing. Needed
   * where the end of a message can be told behind its response, which is worth asking for large ones alone.
   */
  readyLength?(response: Response): number | undefined;
  /** A body that stands ready, where it can be told without a change to how it is sent. */
  readyBody?(response: Response): string | Uint8Array | undefined;
  /**
   * Copies a body that stands ready, where more than `clone()` is needed for the response to stay what it is: its size alone,
   * or nothing, where it would not.
   */
  copyBody?(response: Response): Promise<BodyCopy> | undefined;
  /** The content type that a response was given, where reading its headers would change what is sent. */
  contentType?(response: Response): string | null;
  /**
   * Prepares to put another stream in the place of a response's own, the answer otherwise the same in everything that
   * anybody can see. Undefined where this response cannot be treated so; absent where servers read a body by its stream's own
   * methods, and need not be given another one.
   *
   * @param server What the server passed beside the request.
   */
  replaceBody?(
    response: Response,
    stream: ReadableStream,
    request: Request,
    server: unknown,
  ): ((body: ReadableStream<Uint8Array>) => Response) | undefined;
  /** A header of a request, where a look at `headers` would change how the server treats it. */
  requestHeader?(request: Request, name: string): string | null;
  /** Makes sure that a request can be looked at when its answer was sent; absent where it can in any case. */
  keepRequest?(request: Request): void;
  /**
   * The status that the runtime's server sends for what a handler answered; below 0 where that cannot be sent, and another
   * answer of this status is sent in its place. Absent where a message tells what was sent.
   *
   * @param server What the server passed beside the request.
   */
  sentStatus?(answer: unknown, method: string, server: unknown): number;
  /** Does a request's signal abort only when its client left, and cost little to ask? */
  readonly signalTellsAbort?: boolean;
  /** Do messages between the primary of a cluster and its workers arrive while connections are passed to these? */
  readonly mixesMessages?: boolean;
  /** Does the platform compress answers by itself, so that a compressed one must not be handed to it? */
  readonly compressesItself?: boolean;
  /**
   * Reads an address or a range of addresses, such as `10.0.0.0/8` or `::1`, and returns the test for what is in it; undefined
   * where it is neither. IPv4 and the same address as IPv6 maps it are one.
   */
  addressRange?(text: string): ((address: string) => boolean) | undefined;
  /** Compresses pages; absent where only the web's `CompressionStream` can. */
  readonly deflater?: Deflater;
  /** Reads a variable of the environment; undefined where it is not set, or may not be read without asking. */
  environment(name: string): string | undefined;
  /**
   * Reports each garbage collection: its kind, how long it held the loop, and when it began on the clock of `now`, where
   * that is told; in seconds.
   */
  watchGc?(report: (kind: string, seconds: number, beganAt?: number) => void): GcWatch;
  /** CPU time in seconds, of the loop's own thread or else of the process, for less than a microsecond: asked on every beat. */
  quickCpuSeconds?(): number;
}

export type ResponseShim = Pick<
  Runtime,
  | "bodyStream"
  | "followStream"
  | "followSent"
  | "readyLength"
  | "readyBody"
  | "copyBody"
  | "contentType"
  | "replaceBody"
  | "requestHeader"
  | "keepRequest"
  | "sentStatus"
  | "signalTellsAbort"
>;

/** `process` as the shims read it: Node's, and what Deno and Bun have of it. */
export interface ProcessLike {
  readonly platform: string;
  readonly versions: Readonly<Record<string, string | undefined>>;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly execArgv?: readonly string[];
  /** Node's, where its permission model is on; undefined in workers all the same. */
  readonly permission?: { has(scope: string): boolean };
  cpuUsage(): { user: number; system: number };
  threadCpuUsage?(): { user: number; system: number };
  memoryUsage(): { rss: number; heapTotal: number; heapUsed: number; external: number; arrayBuffers: number };
  resourceUsage?(): { involuntaryContextSwitches: number };
  getActiveResourcesInfo?(): readonly string[];
  getBuiltinModule?(id: string): unknown;
}

/** A timer as `setTimeout` answers it on Node, Deno and Bun. */
export interface TimerLike {
  unref(): unknown;
}

/** The part of Deno's own object that detection and the shims read. */
export interface DenoLike {
  readonly version: { readonly deno: string; readonly v8: string };
  unrefTimer(id: number): void;
  readonly permissions: { querySync(query: PermissionQuery): { readonly state: string } };
}

/** A permission as Deno asks for it. */
export type PermissionQuery =
  | { readonly name: "net"; readonly host?: string }
  | { readonly name: "run" }
  | { readonly name: "read" | "write"; readonly path: string }
  | { readonly name: "env"; readonly variable: string }
  | { readonly name: "sys"; readonly kind: string };

/** The part of a global object that detection and the shims read; other than a clock, all of it may be missing. */
export interface GlobalLike {
  readonly performance: {
    now(): number;
    readonly timeOrigin: number;
    readonly nodeTiming?: { readonly environment: number; readonly loopStart: number; readonly idleTime: number };
  };
  readonly navigator?: { readonly userAgent?: string; readonly hardwareConcurrency?: number };
  readonly process?: ProcessLike;
  readonly Deno?: DenoLike;
  readonly Bun?: {
    readonly version: string;
    inspect?(value: object, options?: { readonly depth: number }): string;
  };
  readonly PerformanceObserver?: PerformanceObserverLike;
  setTimeout(callback: () => void, milliseconds: number): unknown;
  clearTimeout(timer: unknown): void;
  setImmediate?(callback: () => void): unknown;
}

/** A garbage collection as Node's `PerformanceObserver` tells it; `duration` is in milliseconds. */
export interface GcEntryLike {
  readonly duration: number;
  readonly startTime?: number;
  readonly detail?: { readonly kind?: number };
}

export interface PerformanceObserverLike {
  new (callback: (list: { getEntries(): readonly unknown[] }) => void): {
    observe(options: { type: string }): void;
    takeRecords(): readonly unknown[];
    disconnect(): void;
  };
}

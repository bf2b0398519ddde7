/**
 * The ways between processes that share nothing but a directory: each listens on a socket there, and is connected with
 * every other.
 *
 * @module
 */

import { frameOf, FrameReader, longestMessage } from "./frames.ts";
import type { Link, LinkContext, LinkSource } from "./hub.ts";
import { readMessageHead } from "./message.ts";
import type { OtherSocket, SocketFolder } from "./socket_folder.ts";

/** A socket of `node:net`. */
export interface SocketLike {
  readonly writableLength: number;
  on(event: "data", listener: (chunk: Uint8Array) => void): unknown;
  on(event: "error", listener: (error: { code?: string }) => void): unknown;
  on(event: "connect" | "close", listener: () => void): unknown;
  write(bytes: Uint8Array): unknown;
  end(): unknown;
  destroy(): unknown;
  unref(): unknown;
}

/** A server of `node:net`. */
interface ServerLike {
  listen(options: { path: string; exclusive: boolean }, listening: () => void): unknown;
  on(event: "error", listener: (error: Error) => void): unknown;
  close(): unknown;
  unref(): unknown;
}

/** The calls of `node:net` that are used. */
export interface NetLike {
  connect(path: string): SocketLike;
  createServer(listener: (socket: SocketLike) => void): ServerLike;
}

/** What is not taken by the other end waits here up to this many bytes; what comes then is dropped. */
const mostWaiting = 4 * 2 ** 20;

/** Whoever connects says who it is within this time, in seconds. */
const silentSeconds = 5;

/** What was no copy is tried again after this time, in seconds: its name may be a copy's by then. */
const doubtSeconds = 60;

/** How often the directory is looked through, at the most, in seconds. */
const lookSeconds = 1;

/** With more copies than this, descriptors would be missing where requests come in. */
const mostPeers = 500;

/** Another copy, with the connections to it: where both have connected at once there are two. */
interface Peer {
  readonly link: Link & { isLife: boolean };
  readonly sockets: Set<SocketLike>;
}

/** Links this process with all others of a directory. */
export class SocketLinks implements LinkSource {
  readonly #net: NetLike;
  readonly #folder: SocketFolder;
  readonly #context: LinkContext;
  readonly #peers = new Map<string, Peer>();
  readonly #connecting = new Set<string>();
  readonly #unknown = new Set<SocketLike>();
  /** Those that did not speak as copies do, and when they are tried again: no page waits for them until they do. */
  readonly #doubted = new Map<string, number>();
  #server: ServerLike | undefined;
  /** Whether others can connect, as far as is known. */
  #isListening = false;
  #lookedAt = Number.NEGATIVE_INFINITY;
  #isStopped = false;

  constructor(net: NetLike, folder: SocketFolder, context: LinkContext) {
    this.#net = net;
    this.#folder = folder;
    this.#context = context;
    this.#listen();
    this.look();
  }

  /** Connects to those that are not connected. */
  look(): void {
    const now = this.#context.runtime.now();
    if (this.#isStopped || now - this.#lookedAt < lookSeconds) return;
    this.#lookedAt = now;
    if (!this.#isListening || !this.#folder.hasOwn) this.#listenAnew();
    for (const other of this.#folder.others()) {
      if (this.#peers.has(other.id) || this.#connecting.has(other.id)) continue;
      if ((this.#doubted.get(other.id) ?? now) > now) continue;
      if (this.#isFull()) break;
      this.#connect(other);
    }
  }

  #listen(): void {
    const server = this.#net.createServer((socket) => this.#accept(socket));
    this.#server = server;
    this.#isListening = true;
    server.on("error", () => {
      if (this.#server !== server) return;
      this.#isListening = false;
      this.#context.refuse("the socket cannot be listened on");
    });
    // Of this process also in a worker of `node:cluster`, which would have its primary listen, as whatever user that is.
    server.listen({ path: this.#folder.path, exclusive: true }, () => {
      try {
        this.#folder.close();
      } catch {
        // It was removed at once; the next look makes another.
      }
    });
    server.unref();
  }

  #listenAnew(): void {
    // Closing removes what stands at the path, so that comes first.
    this.#server?.close();
    this.#server = undefined;
    this.#isListening = false;
    if (this.#folder.restore()) this.#listen();
  }

  #isFull(): boolean {
    if (this.#peers.size + this.#connecting.size < mostPeers) return false;
    this.#context.refuse(`there are more than ${mostPeers} copies in the directory`);
    return true;
  }

  stop(): void {
    this.#isStopped = true;
    this.#server?.close();
    this.#folder.removeOwn();
    // What was said last is still sent.
    for (const { link, sockets } of this.#peers.values()) {
      link.isLife = false;
      this.#context.hub.lost(link);
      for (const socket of sockets) socket.end();
    }
    for (const socket of this.#unknown) socket.destroy();
  }

  #connect({ id, path }: OtherSocket): void {
    const { runtime } = this.#context;
    this.#connecting.add(id);
    const socket = this.#net.connect(path);
    socket.unref();
    socket.on("connect", () => {
      this.#connecting.delete(id);
      if (this.#isStopped) return void socket.destroy();
      this.#enter(id, socket);
      if (this.#doubted.has(id)) return;
      this.#context.meet(id);
      runtime.startTimer?.(() => this.#context.isSilent(id) && this.#doubt(id), this.#context.deadlineSeconds);
    });
    socket.on("error", ({ code }) => {
      this.#connecting.delete(id);
      if (code === "ECONNREFUSED") this.#folder.removeStale(id);
    });
    let isKnown = false;
    this.#read(socket, (text) => {
      if (!isKnown && readMessageHead(text).from !== id) {
        throw new TypeError("Cannot read copy: it says what another one says");
      }
      isKnown = true;
      return id;
    }, id);
    runtime.startTimer?.(() => {
      this.#connecting.delete(id);
      if (this.#peers.has(id) && this.#context.isSilent(id)) {
        this.#folder.refuseOnce(id, "a socket says nothing that a copy says");
      }
    }, silentSeconds);
  }

  #accept(socket: SocketLike): void {
    if (this.#isStopped || this.#unknown.size >= mostPeers || this.#isFull()) return void socket.destroy();
    socket.unref();
    this.#unknown.add(socket);
    socket.on("error", () => {});
    let id: string | undefined;
    this.#read(socket, (text) => {
      if (id !== undefined) return id;
      // Those that speak are who they say: nobody else can connect.
      id = readMessageHead(text).from;
      this.#unknown.delete(socket);
      this.#enter(id, socket);
      return id;
    });
    this.#context.runtime.startTimer?.(() => {
      if (this.#unknown.delete(socket)) socket.destroy();
    }, silentSeconds);
  }

  #enter(id: string, socket: SocketLike): void {
    let peer = this.#peers.get(id);
    const isNew = peer === undefined;
    if (!peer) this.#peers.set(id, peer = newPeer(this.#context));
    peer.sockets.add(socket);
    if (isNew) {
      this.#context.hub.add(peer.link);
      peer.link.send(this.#context.hello());
    }
    socket.on("close", () => this.#closed(id, socket));
  }

  #closed(id: string, socket: SocketLike): void {
    const peer = this.#peers.get(id);
    if (!peer?.sockets.delete(socket) || peer.sockets.size > 0) return;
    this.#peers.delete(id);
    if (this.#isStopped) return;
    // What it said last is heard by this.
    this.#context.hub.lost(peer.link);
    if (this.#context.isSilent(id) || !peer.link.isLife) this.#doubt(id);
    else this.#folder.remove(id);
  }

  #doubt(id: string): void {
    // Many are there only where somebody goes on making them; then the oldest is tried anew.
    const [oldest] = this.#doubted.keys();
    if (this.#doubted.size >= mostPeers) this.#doubted.delete(oldest!);
    this.#doubted.set(id, this.#context.runtime.now() + doubtSeconds);
    this.#context.forget(id);
  }

  #read(socket: SocketLike, identify: (text: string) => string, id?: string): void {
    const reader = new FrameReader();
    socket.on("data", (chunk) => {
      try {
        for (const text of reader.take(chunk)) {
          const peer = this.#peers.get(identify(text));
          if (peer) this.#context.hub.received(peer.link, text);
        }
      } catch {
        const reason = "what came by a socket is no message of a copy";
        if (id === undefined) this.#context.refuse(reason);
        else this.#folder.refuseOnce(id, reason);
        // It is not who it should be: nothing of it is believed, its end neither.
        for (const { link, sockets } of this.#peers.values()) if (sockets.has(socket)) link.isLife = false;
        socket.destroy();
      }
    });
  }
}

function newPeer({ refuse }: LinkContext): Peer {
  const sockets = new Set<SocketLike>();
  const link = {
    ...{ relays: false, isLife: true, isSameProcess: false },
    send(text: string) {
      const [socket] = sockets;
      if (!socket || socket.writableLength > mostWaiting) return;
      const frame = frameOf(text);
      if (frame) socket.write(frame);
      else refuse(`its own page is longer than the ${longestMessage} bytes that others take`);
    },
  };
  return { link, sockets };
}

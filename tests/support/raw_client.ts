import { Agent, request as httpRequest } from "node:http";
import { connect, type Socket } from "node:net";
import { Buffer } from "node:buffer";

/** An answer as it came over the wire. */
export interface RawAnswer {
  status: number;
  /** All but the date, which no two answers share. */
  headers: Record<string, string | string[] | undefined>;
  body: Uint8Array;
  /** Did it come to its proper end? */
  whole: boolean;
}

/** A request over a connection of its own. */
export interface RawRequest {
  /** Settles at the answer's end, also where that is a broken connection; undefined where not even a head came. */
  answer: Promise<RawAnswer | undefined>;
  /** Settles with the first bytes of the answer's body, or at its end. */
  bodyBegan: Promise<void>;
  /** Breaks the connection off. */
  leave(): void;
}

/**
 * Sends a request over a connection of its own, which shows every header and can be broken off at any moment.
 *
 * @param url Where to.
 * @param options What to send.
 * @returns The request under way.
 */
export function rawRequest(
  url: string,
  options: { method?: string; headers?: Record<string, string>; body?: string } = {},
): RawRequest {
  const { method = "GET", headers = {}, body } = options;
  const request = httpRequest(url, { method, headers, agent: new Agent({ keepAlive: false }) });
  let began = (): void => {};
  const bodyBegan = new Promise<void>((resolve) => began = resolve);
  const answer = new Promise<RawAnswer | undefined>((resolve) => {
    request.on("error", () => resolve(undefined));
    request.on("close", () => resolve(undefined));
    request.on("response", (response) => {
      const pieces: Uint8Array[] = [];
      const end = (): void => {
        const { date: _, ...rest } = response.headers;
        resolve({
          status: response.statusCode!,
          headers: rest,
          body: Buffer.concat(pieces),
          whole: response.complete,
        });
      };
      response.on("data", (piece: Uint8Array) => {
        pieces.push(piece);
        began();
      });
      response.on("error", end);
      response.on("end", end);
      response.on("close", end);
    });
  });
  void answer.then(began);
  request.end(body);
  return { answer, bodyBegan, leave: () => void request.destroy() };
}

/**
 * Asks for an upgrade to a WebSocket.
 *
 * @param url Where to.
 * @returns The first line of the answer, and the connection, which stays open.
 */
export function askForWebSocket(url: string): Promise<{ line: string; socket: Socket }> {
  const { hostname, port, host, pathname } = new URL(url);
  return new Promise((resolve, reject) => {
    const socket = connect(Number(port), hostname, () => {
      socket.write(
        `GET ${pathname} HTTP/1.1\r\nHost: ${host}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n` +
          "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n",
      );
    });
    socket.once("error", reject);
    socket.once("data", (data) => {
      socket.on("error", () => {});
      resolve({ line: String(data).split("\r\n")[0]!, socket });
    });
  });
}

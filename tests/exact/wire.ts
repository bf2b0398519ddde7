// A connection's bytes, as they came.

import { Buffer } from "node:buffer";
import { connect } from "node:net";
import { setTimeout as delay } from "node:timers/promises";

/** What came over one connection. */
export interface Wire {
  /** Every byte as one character. */
  text: string;
  /** How the connection ended; `open` where it had not when the time was up. */
  end: "closed" | "broken" | "open";
}

/** A text, or parts of one: each is sent a moment behind the one before it, a further request or frame behind the answer to that. */
export type Message = string | readonly string[];

/** The methods of the requests in a message, in their order. */
export function methodsIn(message: Message): string[] {
  const text = typeof message === "string" ? message : message.join("");
  return [...text.matchAll(/([A-Z]+) \S+ HTTP\/1\.[01]\r\n/g)].map(([, method]) => method!);
}

/** A further request, or a frame of a WebSocket's, which is said behind the answer to what was said before. */
const asksAgain = /^[A-Z]+ \S+ HTTP|^[\x80-\xff]/;

/** How long a moment is, in milliseconds. */
const moment = 20;
/** How long a further request waits for an answer at most, in milliseconds. */
const patience = 500;

/** How long nothing comes behind a whole answer until it is taken for all, in milliseconds. */
const wholeFor = 100;

/** In the place of a part: the client says no more, and listens on. */
export const saysNoMore = "(says no more)";

/** For how long nothing may come; the longest that any kind of answer takes by itself is a twentieth of this. */
const limitSeconds = 2.5;

/**
 * How many looks that time has. Where this process stands still for longer, as on a machine that is busy, the server had no
 * turn either, and a client that gave up then would leave in the middle of an answer that goes on: it is one look.
 */
const looks = 50;

/**
 * Sends a text, character by character a byte, and listens until the connection is over.
 *
 * @param port Of a server on this machine.
 * @param message What to send.
 * @param keepsOpen The server leaves connections open whatever the client asks for, so that a whole answer is all there is.
 * @returns All that came.
 */
export function talk(port: number, message: Message, keepsOpen = false): Promise<Wire> {
  return new Promise((resolve) => {
    const pieces: Uint8Array[] = [];
    let heardAt = 0;
    let hasSaidAll = false;
    let whole: ReturnType<typeof setTimeout> | undefined;
    const methods = methodsIn(message);
    const socket = connect(port, "127.0.0.1");
    const over = (end: Wire["end"]): void => {
      clearInterval(timer);
      clearTimeout(whole);
      socket.destroy();
      resolve({ text: Buffer.concat(pieces).toString("latin1"), end });
    };
    let quiet = 0;
    const timer = setInterval(() => ++quiet >= looks && over("open"), limitSeconds * 1000 / looks);
    socket.on("data", (piece: Uint8Array) => {
      heardAt = performance.now();
      quiet = 0;
      pieces.push(piece);
      if (keepsOpen && hasSaidAll && isWhole(Buffer.concat(pieces).toString("latin1"), methods)) {
        clearTimeout(whole);
        whole = setTimeout(() => over("open"), wholeFor);
      }
    });
    socket.on("end", () => over("closed"));
    socket.on("error", () => over("broken"));
    socket.on("close", () => over("broken"));
    const [first, ...rest] = typeof message === "string" ? [message] : message;
    socket.write(Buffer.from(first!, "latin1"));
    // Behind an answer: nothing has come for a moment, and something before that.
    const answered = async (): Promise<void> => {
      const sentAt = performance.now();
      const waits = (now: number): boolean => now - sentAt < patience && (heardAt < sentAt || now - heardAt < moment);
      while (!socket.destroyed && waits(performance.now())) await delay(5);
    };
    const sendRest = async (): Promise<void> => {
      for (const piece of rest) {
        await (asksAgain.test(piece) ? answered() : delay(moment));
        if (socket.destroyed) return;
        if (piece === saysNoMore) socket.end();
        else socket.write(Buffer.from(piece, "latin1"));
      }
      hasSaidAll = true;
    };
    void sendRest();
  });
}

/** An answer, taken apart. */
export interface Answer {
  status: number;
  /** As it came, to its empty line. */
  head: string;
  /** Without the frame of its pieces. */
  body: string;
  /** How long each piece was; undefined where the body came without frame. */
  pieces: number[] | undefined;
  /** What came behind its last piece: trailers, or less than the end. */
  rest: string;
}

/**
 * Takes the answers of one connection apart.
 *
 * @param text All that came.
 * @param methods Of the requests, in their order: an answer to HEAD has no body.
 * @returns The answers; those before the last one that only inform, such as 103, among them.
 */
export function answersOf(text: string, methods: readonly string[]): Answer[] {
  const answers: Answer[] = [];
  let asked = 0;
  while (text.length > 0) {
    const end = text.indexOf("\r\n\r\n");
    if (end < 0) {
      answers.push({ status: 0, head: text, body: "", pieces: undefined, rest: "" });
      break;
    }
    const head = text.slice(0, end + 4);
    text = text.slice(end + 4);
    const status = Number(/^HTTP\/1\.[01] (\d{3})/.exec(head)?.[1] ?? 0);
    const length = /^content-length: *(\d+)\r$/im.exec(head)?.[1];
    const answer: Answer = { status, head, body: "", pieces: undefined, rest: "" };
    answers.push(answer);
    if (status >= 100 && status < 200 && status !== 101) continue;
    const method = methods[asked++];
    if (status === 101) {
      answer.rest = text;
      break;
    }
    if (method === "HEAD" || status === 204 || status === 304) continue;
    if (/^transfer-encoding: *chunked\r$/im.test(head)) {
      text = takePieces(answer, text);
    } else {
      answer.body = length === undefined ? text : text.slice(0, Number(length));
      text = text.slice(answer.body.length);
    }
  }
  return answers;
}

/** Is an answer to each of these requests there? */
function isWhole(text: string, methods: readonly string[]): boolean {
  const answers = answersOf(text, methods).filter(({ status }) => status === 0 || status === 101 || status >= 200);
  const last = answers.at(-1);
  if (!last || answers.length < methods.length || last.status === 0 || /^connection: close\r$/im.test(last.head)) {
    return false;
  }
  if (last.pieces && methods[answers.length - 1] !== "HEAD") return last.rest.endsWith("0\r\n\r\n");
  const length = /^content-length: *(\d+)\r$/im.exec(last.head)?.[1];
  return last.body.length === Number(length ?? 0) || methods[answers.length - 1] === "HEAD";
}

/** Takes a body in pieces off a text, and answers what is behind it. */
function takePieces(answer: Answer, text: string): string {
  answer.pieces = [];
  for (;;) {
    const line = /^([0-9a-f]+)\r\n/i.exec(text);
    const size = line ? Number.parseInt(line[1]!, 16) : -1;
    const begin = line?.[0].length ?? 0;
    if (size > 0 && text.length >= begin + size + 2) {
      answer.pieces.push(size);
      answer.body += text.slice(begin, begin + size);
      text = text.slice(begin + size + 2);
      continue;
    }
    const end = size === 0 ? text.indexOf("\r\n\r\n", begin - 2) + 4 : text.length;
    answer.rest = text.slice(0, end);
    return text.slice(end);
  }
}

/** Makes what differs from one answer to the next by itself the same: the date, and a form's boundary. */
export function normalised(text: string): string {
  const dated = text.replace(/\ndate: [^\r\n]*/gi, (line) => `${line.slice(0, 6)} now`);
  // Asked first, since the pattern takes a millisecond for an answer of a megabyte.
  const boundary = text.includes("oundary=") ? /boundary="?([^\s;"]+)/i.exec(text)?.[1] : undefined;
  return boundary ? dated.replaceAll(boundary, "boundary".padEnd(boundary.length, "-")) : dated;
}

import { Agent, type IncomingMessage, request as httpRequest } from "node:http";
import { connect as connectHttp2 } from "node:http2";
import { connect } from "node:net";
import { setTimeout as delay } from "node:timers/promises";

/** What a client saw of the requests of one method on one route. */
export interface Seen {
  /** Whole answers, by the class of their status. */
  answered: Record<string, number>;
  /** Requests that it left, or whose answer broke: what the server says of them is its own. */
  left: number;
}

/** What to send. */
export interface Sent {
  method?: string;
  /** Where that is not the kind's own path. */
  path?: string;
  headers?: Record<string, string>;
  body?: string | readonly string[];
}

/** Nobody waits longer for an answer, in milliseconds: what comes later is a request that never ended. */
const patienceMilliseconds = 20_000;

/** Sends the requests of one kind to one door, and keeps its own account of what came back. */
export class Client {
  readonly #port: number;
  readonly #path: string;
  readonly #route: string;
  readonly #seen: Map<string, Seen>;
  readonly #agent: Agent;
  /** What it has sent. */
  requests = 0;

  constructor(port: number, kind: { path: string; route: string }, seen: Map<string, Seen>, agent: Agent) {
    this.#port = port;
    this.#path = kind.path;
    this.#route = kind.route;
    this.#seen = seen;
    this.#agent = agent;
  }

  get port(): number {
    return this.#port;
  }

  /** Notes what came back of a request; undefined where no whole answer did. */
  saw(status: number | undefined, method = "GET"): void {
    this.requests++;
    const key = `${labelOf(method)} ${this.#route}`;
    const seen = this.#seen.get(key) ?? { answered: {}, left: 0 };
    this.#seen.set(key, seen);
    if (status === undefined) seen.left++;
    else seen.answered[classOf(status)] = (seen.answered[classOf(status)] ?? 0) + 1;
  }

  /** Asks, reads the answer to its end, and tells its status; undefined where it broke. */
  async ask(sent: Sent = {}, agent?: Agent): Promise<number | undefined> {
    const { status, isWhole } = await this.#send(sent, agent ?? this.#agent, () => {});
    this.saw(isWhole ? status : undefined, sent.method);
    return isWhole ? status : undefined;
  }

  /** Asks several times over one connection that stays. */
  async askAgain(times: number, sent: Sent = {}): Promise<void> {
    const agent = new Agent({ keepAlive: true, maxSockets: 1 });
    for (let i = 0; i < times; i++) await this.ask(sent, agent);
    agent.destroy();
  }

  /** Asks and breaks the connection off: so many milliseconds later, or with the first bytes of the body. */
  async leave(when: number | "body", sent: Sent = {}): Promise<void> {
    await this.#send(sent, new Agent({ keepAlive: false }), when);
    this.saw(undefined, sent.method);
  }

  /** Sends text over a connection of its own, and tells the statuses that came until the server closed it. */
  async text(text: string, leaveAfterMilliseconds: number = patienceMilliseconds): Promise<number[]> {
    const received = await new Promise<string>((resolve) => {
      let all = "";
      const socket = connect(this.#port, "127.0.0.1", () => void socket.write(text));
      const timer = setTimeout(() => socket.destroy(), leaveAfterMilliseconds);
      socket.on("data", (data) => all += data.toString("latin1"));
      socket.on("error", () => {});
      socket.on("close", () => {
        clearTimeout(timer);
        resolve(all);
      });
    });
    return [...received.matchAll(/HTTP\/1\.[01] (\d{3})/g)].map(([, status]) => Number(status));
  }

  /** Asks over HTTP/2; leaves with a reset, or with the connection, where it is told to. */
  async ask2(sent: Sent = {}, leave?: { after: number; how: "reset" | "connection" }): Promise<void> {
    const { method = "GET", body } = sent;
    const session = connectHttp2(`http://127.0.0.1:${this.#port}`);
    session.on("error", () => {});
    const stream = session.request({ ":method": method, ":path": sent.path ?? this.#path, ...sent.headers });
    let status: number | undefined;
    let isWhole = false;
    stream.on("response", (head) => status = head[":status"]);
    stream.on("end", () => isWhole = true);
    stream.on("error", () => isWhole = false);
    stream.resume();
    stream.end(typeof body === "string" ? body : undefined);
    const closed = new Promise<void>((resolve) => stream.on("close", resolve));
    if (leave) {
      await delay(leave.after);
      if (leave.how === "reset") stream.close(8);
      else session.destroy();
    }
    await Promise.race([closed, delay(patienceMilliseconds, undefined, { ref: false })]);
    session.destroy();
    this.saw(leave || !isWhole ? undefined : status, method);
  }

  #send(
    { method = "GET", path = this.#path, headers = {}, body }: Sent,
    agent: Agent,
    leave: number | "body" | (() => void),
  ): Promise<{ status: number | undefined; isWhole: boolean }> {
    return new Promise((resolve) => {
      const request = httpRequest({ port: this.#port, host: "127.0.0.1", method, path, headers, agent });
      let response: IncomingMessage | undefined;
      const end = (): void => {
        clearTimeout(timer);
        clearTimeout(leaving);
        resolve({ status: response?.statusCode, isWhole: response?.complete === true });
      };
      const timer = setTimeout(() => request.destroy(), patienceMilliseconds);
      const leaving = typeof leave === "number" ? setTimeout(() => request.destroy(), leave) : undefined;
      request.on("error", end);
      request.on("close", end);
      request.on("upgrade", (upgrade, socket) => {
        response = Object.assign(upgrade, { complete: true });
        socket.destroy();
        end();
      });
      request.on("response", (came) => {
        response = came;
        came.on("data", () => leave === "body" && request.destroy());
        for (const name of ["error", "end", "close"]) came.on(name, end);
      });
      if (typeof body === "object") { for (const piece of body) request.write(piece); }
      request.end(typeof body === "string" ? body : undefined);
    });
  }
}

/** The class of a status, as the judge compares it. */
export function classOf(status: number): string {
  return `${Math.floor(status / 100)}xx`;
}

/** The label of a method. */
export function labelOf(method: string): string {
  return "GET HEAD POST PUT DELETE OPTIONS PATCH".split(" ").includes(method) ? method : "_OTHER";
}

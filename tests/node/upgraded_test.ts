// What frameworks do with WebSockets: the server hands a connection over, they make a message for it, so that their routes
// can refuse it, and a library writes to the connection past the message.

import { createServer, ServerResponse } from "node:http";
import { connect, type Socket } from "node:net";
import { describe, it } from "node:test";
import { assertEquals } from "@std/assert";
import { instrumentListener } from "@rtm/runtime-metrics/node";
import { counts, inFlight, measureApp } from "../support/measured_app.ts";
import { until } from "../support/until.ts";

const asked = "GET /socket/id-7 HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n";
const opened = "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n";
const refused = "HTTP/1.1 400 Bad Request\r\nConnection: close\r\n\r\n";

interface Trial {
  /** What the listener does. */
  handle(connection: Socket, response: ServerResponse): void;
  /** Does the client leave before there is an answer? */
  leaves?: boolean;
  /** Was the connection opened before the listener was asked? */
  isOpen?: boolean;
  /** Has the message no connection, as one that is made when that is open already? */
  isApart?: boolean;
}

interface Told {
  status: string | undefined;
  /** What was counted, and in flight, while the connection is there. */
  during: [Record<string, number>, inFlight: number];
  after: [Record<string, number>, inFlight: number];
  /** Was there a duration? */
  isTimed: boolean;
}

async function told({ handle, leaves = false, isOpen = false, isApart = false }: Trial): Promise<Told> {
  using under = measureApp();
  const measured = instrumentListener(
    under.monitor,
    (request: { socket: Socket }, response: ServerResponse) => handle(request.socket, response),
    { route: () => "/socket/:id" },
  );
  const server = createServer();
  let handedOver: Socket | undefined;
  server.on("upgrade", (request, connection: Socket) => {
    handedOver = connection.on("error", () => {}).on("end", () => connection.destroy()).resume();
    const begin = (): void => {
      const response = new ServerResponse(request);
      if (!isApart) response.assignSocket(connection);
      measured(request, response);
    };
    if (isOpen) connection.write(opened, begin);
    else begin();
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as { port: number };
  const client = connect(port, "127.0.0.1", () => client.write(asked));
  const now = async (): Promise<[Record<string, number>, number]> => {
    const page = await under.page();
    return [counts(page, "http_requests_total"), inFlight(page)];
  };
  try {
    client.on("error", () => {});
    const answered = new Promise<string>((resolve) => client.once("data", (data) => resolve(String(data))));
    const answer = leaves ? undefined : await answered;
    const during = await (leaves || (isOpen && !isApart)
      ? until(now, ([, inFlight]) =>
        inFlight === 1)
      : isApart
      ? until(now, ([, inFlight]) => inFlight === 0)
      : now());
    client.destroy();
    const after = await until(now, ([counted, inFlight]) => Object.keys(counted).length > 0 && inFlight === 0);
    const isTimed = (await under.page()).has("http_request_duration_seconds_count");
    return { status: answer?.split(" ")[1], during, after, isTimed };
  } finally {
    client.destroy();
    handedOver?.destroy();
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  }
}

it("a request that asks for another protocol, of a server that hands nothing over, is counted as any other", async () => {
  using under = measureApp();
  const server = createServer(
    instrumentListener(under.monitor, (_request: unknown, response: ServerResponse) => void response.end("hello")),
  );
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as { port: number };
  try {
    const client = connect(port, "127.0.0.1", () => client.write(asked));
    const answer = await new Promise<string>((resolve) => client.once("data", (data) => resolve(String(data))));
    client.destroy();
    assertEquals(answer.split(" ")[1], "200");
    assertEquals(await under.requests(), { "GET none 200 completed": 1 });
  } finally {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  }
});

describe("a connection that a server has handed over", () => {
  const open = { "GET /socket/:id 101 completed": 1 };

  it("is counted when it opens, and has no duration", async () => {
    const handle: Trial["handle"] = (connection) => connection.write(opened);
    assertEquals(await told({ handle }), { status: "101", during: [open, 0], after: [open, 0], isTimed: false });
  });

  it("is counted when it ends, where it was opened unseen", async () => {
    const trial = { handle: () => {}, isOpen: true };
    assertEquals(await told(trial), { status: "101", during: [{}, 1], after: [open, 0], isTimed: false });
  });

  it("is counted at once where it was open already, and its message has no part in it", async () => {
    const expected: Told = { status: "101", during: [open, 0], after: [open, 0], isTimed: false };
    assertEquals(await told({ handle: () => {}, isOpen: true, isApart: true }), expected);
  });

  it("has the status with which it was refused, past the message and by it", async () => {
    const counted = (status: number) => ({ [`GET /socket/:id ${status} completed`]: 1 });
    const past: Trial["handle"] = (connection) => connection.end(refused);
    assertEquals(await told({ handle: past }), {
      status: "400",
      during: [counted(400), 0],
      after: [counted(400), 0],
      isTimed: true,
    });
    const by: Trial["handle"] = (_connection, response) => response.writeHead(404).end("no");
    const { status, after } = await told({ handle: by });
    assertEquals([status, after], ["404", [counted(404), 0]]);
  });

  const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);
  const hints = "HTTP/1.1 103 Early Hints\r\nLink: </style.css>\r\n\r\n";
  const writes = (...pieces: (string | Uint8Array)[]): Trial["handle"] => (connection) => {
    for (const piece of pieces) connection.write(piece);
  };
  const answers: Record<string, [handle: Trial["handle"], status: number]> = {
    "plain bytes that refuse it": [writes(bytes(refused)), 400],
    "a view of other memory": [writes(bytes(`xx${refused}`).subarray(2)), 400],
    "plain bytes that open it": [writes(bytes(opened)), 101],
    "the end, with plain bytes": [(connection) => connection.end(bytes(refused)), 400],
    "what only tells of an answer": [writes(hints, refused), 400],
    "the same in one piece, twice": [writes(bytes(hints + hints + refused)), 400],
    "the same before it opens": [writes(hints, opened), 101],
    "a head in parts": [writes("HTTP/1.1", " 40", "0 Bad Request\r\nConnection: close\r\n\r\n"), 400],
    "nothing, and then a head": [writes(new Uint8Array(), refused), 400],
    "bytes of another protocol": [writes(Uint8Array.of(0x81, 2, 0x68, 0x69)), 101],
    "a text of another protocol": [writes("HTTPS is spoken here"), 101],
    "what the connection refuses": [(connection) => {
      try {
        connection.write({} as never);
      } catch {
        connection.write(refused);
      }
    }, 400],
  };
  for (const [name, [handle, status]] of Object.entries(answers)) {
    it(`has the status that its client sees: ${name}`, async () => {
      assertEquals((await told({ handle })).after, [{ [`GET /socket/:id ${status} completed`]: 1 }, 0]);
    });
  }

  const before: Record<string, Trial["handle"]> = {
    "early hints": (_connection, response) => response.writeEarlyHints({ link: "</style.css>; rel=preload" }),
    "a word to go on": (_connection, response) => response.writeContinue(),
    "a word of patience": (_connection, response) => response.writeProcessing(),
    "early hints, past the message": writes(hints),
    "the beginning of a head": writes("HTTP/1.1"),
  };
  for (const [name, handle] of Object.entries(before)) {
    it(`is aborted where no more came than what stands before an answer: ${name}`, async () => {
      const breaks: Trial["handle"] = (connection, response) => {
        handle(connection, response);
        setTimeout(() => connection.destroy(), 20);
      };
      assertEquals((await told({ handle: breaks })).after, [{ "GET /socket/:id 499 aborted": 1 }, 0]);
    });
  }

  it("is aborted where its client left before it was answered", async () => {
    const left = { "GET /socket/:id 499 aborted": 1 };
    assertEquals(await told({ handle: () => {}, leaves: true }), {
      status: undefined,
      during: [{}, 1],
      after: [left, 0],
      isTimed: true,
    });
    const ends: Trial["handle"] = (connection) => void connection.on("end", () => connection.end());
    assertEquals((await told({ handle: ends, leaves: true })).after, [left, 0]);
  });
});

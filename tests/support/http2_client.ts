import { connect } from "node:http2";

/** What is asked over HTTP/2. */
export interface Http2Ask {
  path: string;
  method?: string;
  /** Does the client leave once the head is there? */
  leaves?: boolean;
}

/**
 * Asks one after the other over one connection of HTTP/2, without TLS.
 *
 * @param url Where to.
 * @param asked What.
 * @returns The statuses that the client saw, in their order.
 */
export async function askHttp2(url: string, asked: readonly Http2Ask[]): Promise<number[]> {
  const session = connect(url);
  try {
    const statuses: number[] = [];
    for (const { path, method = "GET", leaves = false } of asked) {
      const stream = session.request({ ":path": path, ":method": method });
      statuses.push(
        await new Promise<number>((resolve, reject) => {
          let status = 0;
          session.once("error", reject);
          stream.on("error", () => {});
          stream.on("response", (head) => {
            status = Number(head[":status"]);
            // CANCEL, as a browser says that closes a tab.
            if (leaves) stream.close(8);
          });
          stream.on("close", () => resolve(status));
          stream.resume();
          stream.end();
        }),
      );
    }
    return statuses;
  } finally {
    session.destroy();
  }
}

/** What the harness' routes are asked over HTTP/2: the status that the client sees, and what is counted of it. */
export const overHttp2: readonly (Http2Ask & { status: number; counted?: string })[] = [
  { path: "/users/id-7", status: 200, counted: "GET /users/:id 200 completed" },
  { path: "/users/id-8", method: "HEAD", status: 200, counted: "HEAD /users/:id 200 completed" },
  { path: "/boom", status: 500, counted: "GET /boom 500 completed" },
  { path: "/stream", status: 200, counted: "GET /stream 200 completed" },
  { path: "/unknown/id-9", status: 404, counted: "GET none 404 completed" },
  { path: "/metrics", status: 200 },
  { path: "/slow", leaves: true, status: 200, counted: "GET /slow 499 aborted" },
];

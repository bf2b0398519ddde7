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

/** What the harness' routes are asked over HTTP/2, and what is counted of it, as `counted()` tells that. */
export const overHttp2: { asked: readonly Http2Ask[]; statuses: number[]; routes: string[] } = {
  asked: [
    { path: "/users/id-7" },
    { path: "/users/id-8", method: "HEAD" },
    { path: "/boom" },
    { path: "/stream" },
    { path: "/unknown/id-9" },
    { path: "/metrics" },
    { path: "/slow", leaves: true },
  ],
  statuses: [200, 200, 500, 200, 404, 200, 200],
  routes: [
    "GET /boom 500 completed",
    "GET /slow 499 aborted",
    "GET /stream 200 completed",
    "GET /users/:id 200 completed",
    "GET none 404 completed",
    "HEAD /users/:id 200 completed",
  ],
};

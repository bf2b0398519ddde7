/**
 * `GET /livez`, answered by the watching thread.
 *
 * @module
 */

/** The module `node:http`, as far as it is used. */
export interface HttpLike {
  createServer(answer: (request: RequestLike, response: ResponseLike) => void): ServerLike;
}

interface RequestLike {
  readonly method?: string;
  readonly url?: string;
}

interface ResponseLike {
  writeHead(status: number, headers: Record<string, string>): void;
  end(text?: string): void;
}

interface ServerLike {
  on(event: "error", listener: (error: Error & { readonly code?: string }) => void): void;
  on(event: "listening", listener: () => void): void;
  listen(options: { port: number; host: string; exclusive: boolean }): void;
  address(): { port: number } | null;
}

/** How often a port that is taken is asked for. */
const mostAttempts = 6;
const againMilliseconds = 100;

/** Where to listen; 0 is a port of the system's choice. */
export interface LivezAddress {
  readonly port: number;
  readonly host: string;
}

/**
 * Serves it.
 *
 * @param dead Tells why the process is to be taken for dead; undefined while it is not.
 */
export function serveLivez(
  http: HttpLike,
  { port, host }: LivezAddress,
  dead: () => string | undefined,
  told: (outcome: { readonly port: number } | { readonly error: string }) => void,
): void {
  const server = http.createServer(({ method, url }, response) => {
    const answer = (status: number, text: string, more: Record<string, string> = {}): void => {
      response.writeHead(status, {
        "content-type": "text/plain; charset=utf-8",
        "cache-control": "no-store",
        ...more,
      });
      response.end(method === "HEAD" ? undefined : `${text}\n`);
    };
    if (url?.split("?")[0] !== "/livez") return answer(404, "Not Found");
    if (method !== "GET" && method !== "HEAD") return answer(405, "Method Not Allowed", { allow: "GET, HEAD" });
    const reason = dead();
    return reason === undefined ? answer(200, "ok") : answer(503, reason);
  });
  // Not shared with the siblings of a cluster: each would be asked for another.
  const listen = (): void => server.listen({ port, host, exclusive: true });
  let attempts = 1;
  server.on("error", ({ code = "", message }) => {
    // A watchdog whose place this one takes, such as after a hot reload, needs a moment to give its port back.
    if (code === "EADDRINUSE" && attempts++ < mostAttempts) return void setTimeout(listen, againMilliseconds);
    told({ error: message.includes(code) ? message : `${code}: ${message}` });
  });
  server.on("listening", () => told({ port: server.address()?.port ?? port }));
  listen();
}

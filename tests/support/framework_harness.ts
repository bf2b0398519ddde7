import { Agent, request as httpRequest } from "node:http";
import { assertEquals } from "@std/assert";
import { Page } from "./page.ts";
import { rawRequest } from "./raw_client.ts";
import { until } from "./until.ts";

/**
 * An app under test: `GET /users/:id` answers the id, `POST /users` 201, `GET /boom` throws, `GET /stream` sends three
 * pieces with pauses, `GET /slow` sends one piece and never ends; anything else is not found. All under the app's prefix.
 */
export interface FrameworkApp {
  /** Where it listens, without a slash at the end. */
  url: string;
  /** What comes before each of its paths and templates. */
  prefix?: string;
  /** The template of what no route matched; false where nothing counts that, since its framework asks no handler. */
  unmatched?: string | false;
  /** How this framework writes a template, where that is not `/users/:id`. */
  template?: (path: string) => string;
  /** What is asked in another way, where an app has no paths of its own. */
  asks?: Partial<Asks>;
}

/** What is asked, and what has to come of it. */
export interface Ask {
  path: string;
  method?: string;
  body?: string;
  headers?: Record<string, string>;
  status: number;
  answer?: string;
  route: string;
}

interface Asks {
  user(id: string): Ask;
  head: Ask;
  make: Ask;
  boom: Ask;
  stream: Ask;
  /** Nothing of its answer comes before its client leaves. */
  slow: Ask;
  /** What only this framework has. */
  more: readonly Ask[];
}

/** Sends over one connection that stays. */
function send(
  agent: Agent,
  url: string,
  { path, method = "GET", body, headers: own = {} }: Ask,
): Promise<{ status: number; body: string; onSameConnection: boolean }> {
  const headers = { ...(body !== undefined && { "content-type": "application/json" }), ...own };
  return new Promise((resolve, reject) => {
    const request = httpRequest(url + path, { method, agent, headers }, (response) => {
      let body = "";
      const onSameConnection = request.reusedSocket;
      response.setEncoding("utf8");
      response.on("data", (piece: string) => body += piece);
      response.on("end", () => resolve({ status: response.statusCode!, body, onSameConnection }));
    });
    request.on("error", reject);
    request.end(body);
  });
}

/**
 * Drives an app on its real socket, and compares the page with what the client saw.
 *
 * @param app The app, which has not been asked anything yet.
 */
export async function drive(app: FrameworkApp): Promise<void> {
  const { url, prefix = "", unmatched = "none", template = (path) => path, asks = {} } = app;
  const agent = new Agent({ keepAlive: true, maxSockets: 1 });
  const seen = new Map<string, number>();
  const sees = (method: string, route: string, status: number, outcome = "completed"): void => {
    const key = `http_requests_total{method="${method}",route="${route}",status="${status}",outcome="${outcome}"}`;
    seen.set(key, (seen.get(key) ?? 0) + 1);
  };
  const at = (path: string, rest: Omit<Ask, "path" | "route">, route = path): Ask => ({
    path: prefix + path,
    route: template(prefix + route),
    ...rest,
  });
  const ask = async (asked: Ask): Promise<boolean> => {
    const { status, body, onSameConnection } = await send(agent, url, asked);
    assertEquals([status, body], [asked.status, asked.answer ?? body], asked.path);
    sees(asked.method ?? "GET", asked.route, status);
    return onSameConnection;
  };
  const user = asks.user ?? ((id) => at(`/users/${id}`, { status: 200, answer: id }, "/users/:id"));
  try {
    for (let id = 0; id < 500; id++) {
      assertEquals(await ask(user(`id-${id}`)), id > 0, "the connection does not stay");
    }
    if (asks.head === undefined) {
      const { route } = user("id-head");
      const { status } = await send(agent, url, { ...user("id-head"), method: "HEAD" });
      // Not every router answers HEAD where it answers GET.
      sees("HEAD", status === 200 || unmatched === false ? route : unmatched, status);
    } else await ask(asks.head);
    await ask(asks.make ?? at("/users", { method: "POST", status: 201, answer: "made" }));
    await ask(asks.boom ?? at("/boom", { status: 500 }));
    if (unmatched !== false) await ask({ path: "/id-lost", status: 404, route: unmatched });
    else assertEquals((await send(agent, url, { path: "/id-lost", status: 404, route: "" })).status, 404);
    await ask(asks.stream ?? at("/stream", { status: 200, answer: "abc" }));
    for (const each of asks.more ?? []) await ask(each);
    const slow = asks.slow ?? at("/slow", { status: 200 });
    const leaver = rawRequest(url + slow.path);
    if (asks.slow) await until(() => inFlightOf(url), (routes) => routes.length > 0);
    else await leaver.bodyBegan;
    leaver.leave();
    sees("GET", slow.route, 499, "aborted");
  } finally {
    agent.destroy();
  }
  const counted = (page: Page): Record<string, number> =>
    Object.fromEntries([...page.series].filter(([key]) => key.startsWith("http_requests_total{")));
  const page = await until(
    async () => new Page(await (await fetch(`${url}/metrics`)).text()),
    // Who leaves is seen a moment later, and on Bun the end of a stream.
    (page) => sum(Object.values(counted(page))) >= sum([...seen.values()]),
  );
  assertEquals(sorted(counted(page)), sorted(Object.fromEntries(seen)));
  assertEquals(page.text.includes("id-"), false, "a raw path is on the page");
  assertEquals(await inFlightOf(url), []);
}

const sum = (numbers: readonly number[]): number => numbers.reduce((total, each) => total + each, 0);

/** The series of requests in flight that are not 0. */
async function inFlightOf(url: string): Promise<string[]> {
  const { series } = new Page(await (await fetch(`${url}/metrics`)).text());
  return [...series].filter(([key, count]) => key.startsWith("http_requests_in_progress{") && count !== 0)
    .map(([key]) => key);
}

function sorted(record: Record<string, number>): Record<string, number> {
  return Object.fromEntries(Object.entries(record).sort(([a], [b]) => a < b ? -1 : 1));
}

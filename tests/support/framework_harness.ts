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
  /** The template of what no route matched. */
  unmatched?: string;
  /** How this framework writes a template, where that is not `/users/:id`. */
  template?: (path: string) => string;
}

/** Sends over one connection that stays. */
function send(agent: Agent, url: string, method = "GET"): Promise<{ status: number; body: string }> {
  return new Promise((resolve, reject) => {
    const request = httpRequest(url, { method, agent }, (response) => {
      let body = "";
      response.setEncoding("utf8");
      response.on("data", (piece: string) => body += piece);
      response.on("end", () => resolve({ status: response.statusCode!, body }));
    });
    request.on("error", reject);
    request.end();
  });
}

/**
 * Drives an app on its real socket, and compares the page with what the client saw.
 *
 * @param app The app, which has not been asked anything yet.
 */
export async function drive(app: FrameworkApp): Promise<void> {
  const { url, prefix = "", unmatched = "none", template = (path) => path } = app;
  const agent = new Agent({ keepAlive: true, maxSockets: 1 });
  const seen = new Map<string, number>();
  const sees = (method: string, route: string, status: number, outcome = "completed"): void => {
    const name = route === unmatched ? route : template(prefix + route);
    const key = `http_requests_total{method="${method}",route="${name}",status="${status}",outcome="${outcome}"}`;
    seen.set(key, (seen.get(key) ?? 0) + 1);
  };
  try {
    for (let id = 0; id < 500; id++) {
      const { status, body } = await send(agent, `${url}${prefix}/users/id-${id}`);
      assertEquals([status, body], [200, `id-${id}`]);
      sees("GET", "/users/:id", status);
    }
    const head = await send(agent, `${url}${prefix}/users/id-head`, "HEAD");
    // Not every router answers HEAD where it answers GET.
    sees("HEAD", head.status === 200 ? "/users/:id" : unmatched, head.status);
    const post = await send(agent, `${url}${prefix}/users`, "POST");
    assertEquals(post.status, 201);
    sees("POST", "/users", post.status);
    const boom = await send(agent, `${url}${prefix}/boom`);
    assertEquals(boom.status, 500);
    sees("GET", "/boom", boom.status);
    const lost = await send(agent, `${url}/id-lost`);
    assertEquals(lost.status, 404);
    sees("GET", unmatched, lost.status);
    const stream = await send(agent, `${url}${prefix}/stream`);
    assertEquals([stream.status, stream.body], [200, "abc"]);
    sees("GET", "/stream", stream.status);
    const leaver = rawRequest(`${url}${prefix}/slow`);
    await leaver.bodyBegan;
    leaver.leave();
    sees("GET", "/slow", 499, "aborted");
  } finally {
    agent.destroy();
  }
  const counted = (page: Page): Record<string, number> =>
    Object.fromEntries([...page.series].filter(([key]) => key.startsWith("http_requests_total{")));
  const page = await until(
    async () => new Page(await (await fetch(`${url}/metrics`)).text()),
    (page) => Object.keys(counted(page)).some((key) => key.includes("aborted")),
  );
  assertEquals(sorted(counted(page)), sorted(Object.fromEntries(seen)));
  assertEquals(page.text.includes("id-"), false, "a raw path is on the page");
  const inFlight = [...page.series].filter(([key]) => key.startsWith("http_requests_in_progress{"));
  assertEquals(inFlight.filter(([, count]) => count !== 0), []);
}

function sorted(record: Record<string, number>): Record<string, number> {
  return Object.fromEntries(Object.entries(record).sort(([a], [b]) => a < b ? -1 : 1));
}

// Servers that bring their own kind of request and response, from npm at the versions that tests/adapters pins.

import { describe, it } from "node:test";
import { assert, assertEquals } from "@std/assert";
import { pinnedPackages } from "../../scripts/pinned_packages.ts";
import { counts, inFlight } from "../support/measured_app.ts";
import { Page } from "../support/page.ts";
import { type Program, startProgram } from "../support/program.ts";
import { rawRequest } from "../support/raw_client.ts";
import { until } from "../support/until.ts";

const skip = pinnedPackages("tests/adapters").install() ?? false;

const paths = [
  "/text",
  "/json",
  "/bytes",
  "/large",
  "/none",
  "/teapot",
  "/cookies",
  "/stream",
  "/broken",
  "/thrown",
  "/nowhere",
];

/** `@whatwg-node/server` leaves the client of a stream that breaks waiting, measured or not. */
const unbroken = paths.filter((path) => path !== "/broken");

const graphql = [
  "/graphql?query={hello}",
  "/graphql?query={fails}",
  "/graphql?query={nowhere}",
  "/graphql?query=subscription%7Bticks%7D",
  "/nowhere",
];

interface Running {
  url: string;
  page(): Promise<Page>;
  program: Program;
}

async function start(adapter: string, measures: "measured" | "bare"): Promise<Running> {
  const program = startProgram("tests/support/adapter_program.ts", { args: [adapter, measures], timeoutSeconds: 500 });
  const told = (): RegExpExecArray | null => /listening on (\d+), page on (\d+)/.exec(program.output);
  await until(() => Promise.resolve(told()), (line) => line !== null, 90);
  const [, port, pagePort] = told()!;
  return {
    url: `http://127.0.0.1:${port}`,
    page: async () => new Page(await (await fetch(`http://127.0.0.1:${pagePort}`)).text()),
    program,
  };
}

describe("the process lives, the bytes are the same, and every request ends", { skip, concurrency: 2 }, () => {
  const contestants: Record<string, readonly string[]> = {
    "createServerAdapter": unbroken,
    "createServerAdapter with native classes": unbroken,
    "srvx": paths,
    "srvx with whatwg-node's classes": paths,
    "GraphQL Yoga": graphql,
  };
  for (const [adapter, asked] of Object.entries(contestants)) {
    it(`behind ${adapter}`, async () => {
      const [bare, measured] = await Promise.all([start(adapter, "bare"), start(adapter, "measured")]);
      try {
        const seen: Record<string, number> = {};
        for (let round = 0; round < 3; round++) {
          for (const path of asked) {
            const headers = { accept: path.includes("subscription") ? "text/event-stream" : "*/*" };
            const [theirs, ours] = await Promise.all(
              [bare, measured].map(({ url }) => rawRequest(url + path, { headers }).answer),
            );
            assertEquals(ours, theirs, path);
            // Of what breaks midway no whole answer came.
            const key = `${path.split("?")[0]} ${ours?.status ?? 200}`;
            seen[key] = (seen[key] ?? 0) + 1;
          }
        }
        if (asked !== graphql) {
          const echo = await rawRequest(`${measured.url}/echo`, { method: "POST", body: "as it came" }).answer;
          assertEquals(new TextDecoder().decode(echo!.body), "as it came");
          const leaver = rawRequest(`${measured.url}/endless`);
          await leaver.bodyBegan;
          leaver.leave();
          seen["/echo 200"] = 1;
          seen["/endless 499"] = 1;
        }
        const expected = Object.values(seen).reduce((sum, count) => sum + count, 0);
        const total = (page: Page): number =>
          Object.values(counts(page, "http_requests_total")).reduce((sum, count) => sum + count, 0);
        const page = await until(measured.page, (page) => inFlight(page) === 0 && total(page) >= expected);
        assertEquals(inFlight(page), 0);
        const counted: Record<string, number> = {};
        for (const [labels, count] of Object.entries(counts(page, "http_requests_total"))) {
          const [, route, status] = labels.split(" ");
          counted[`${route} ${status}`] = (counted[`${route} ${status}`] ?? 0) + count;
        }
        assertEquals(counted, seen);
        assertEquals(measured.program.process.exitCode, null);
        assert(total(page) === expected);
      } finally {
        for (const { program } of [bare, measured]) program.signal("SIGKILL");
      }
    });
  }
});

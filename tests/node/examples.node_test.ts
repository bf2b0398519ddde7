// The examples of Node without Hono; Express and Fastify are at home on Node alone.

import { describe, it } from "node:test";
import process from "node:process";
import { assertEquals, assertStringIncludes } from "@std/assert";
import { startProgram } from "../support/program.ts";
import { scrapeServer } from "../support/scrape.ts";
import { until } from "../support/until.ts";

const user = 'http_requests_total{method="GET",route="/users/:id",status="200",outcome="completed"}';
const missing = 'http_requests_total{method="GET",route="none",status="404",outcome="completed"}';

describe("an example of Node without Hono", () => {
  for (const name of ["node_http", "express", "fastify"]) {
    it(`${name}.ts answers, is measured by its route's template, and stops when it is asked to`, async () => {
      const program = startProgram(`examples/${name}.ts`, { env: { PORT: "0" } });
      try {
        const output = await until(() => Promise.resolve(program.output), (output) => output.includes("\n"));
        const url = /^Listening: (http:\/\/localhost:\d+)\//.exec(output)?.[1];
        assertEquals(typeof url, "string", output);
        for (const id of ["7", "8"]) assertEquals(await (await fetch(`${url}/users/${id}`)).text(), id);
        const response = await fetch(`${url}/no-such-page`);
        await response.arrayBuffer();
        assertEquals(response.status, 404);
        const page = await until(() => scrapeServer(url!), (page) => page.series.get(missing) === 1);
        assertEquals(page.value(user), 2);
        assertEquals(page.value(missing), 1);
        // Two templates and no more: neither a scrape nor a client's own path is among them.
        assertEquals(page.labels("http_requests_total").length, 2);
      } finally {
        if (program.process.exitCode === null) process.kill(program.process.pid!, "SIGTERM");
      }
      const { code, signal, errors } = await program.exited;
      assertEquals([code, signal, errors], [0, null, ""]);
      assertStringIncludes(program.output, "/metrics");
    });
  }
});

// One minute of the soak, on the three runtimes at once; `npm run soak` is the long one.

import { describe, it } from "node:test";
import { assert, assertEquals } from "@std/assert";
import { soak } from "../soak/soak.ts";

const seconds = 60;
/** It goes on until so many were sent, which a busy machine may not do in that time. */
const fewest = 2000;

describe("the soak", { concurrency: true }, () => {
  for (const runtime of ["node", "deno", "bun"] as const) {
    it(`leaves nothing in flight, counts what client and app did, and keeps the heap flat on ${runtime}`, async () => {
      const { findings, requests, kinds } = await soak(runtime, seconds, fewest);
      assertEquals(findings, []);
      assert(kinds >= 40, `${kinds} kinds`);
      assert(requests >= fewest, `${requests} requests`);
    });
  }
});

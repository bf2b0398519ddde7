// Workers in workerd itself: every kind of answer, with and without us. Miniflare starts it, and needs no network.

import type { Readable } from "node:stream";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";
import { Miniflare } from "miniflare";
import type { MonitorOptions } from "../../mod.ts";
import { refused } from "../exact/allowed.ts";
import { type Allowed, Comparison, type Side, type Sides, talkAbout } from "../exact/compare.ts";
import { compareBetween } from "../exact/compare_answers.ts";
import type { Kind } from "../exact/kind.ts";
import { settings } from "../exact/settings.ts";
import { talk } from "../exact/wire.ts";
import { startUpstream } from "../exact/upstream.ts";
import { workerDoors } from "../exact/worker_doors.ts";
import { Page } from "../support/page.ts";

const root = fileURLToPath(new URL("../../", import.meta.url));

/** Nobody tells a handler what its server has made of its answer. */
const allowed: Allowed = [
  [
    /(own status|status throws|prototype|proxy|read|read whole|cancelled|signal that aborts|twice)|^subclass with another status$|^answers what looks like|^a WebSocket that is asked for |^stream that is (locked|cancelled)/,
    "workerd sends an answer of its own where it refuses the handler's, and looks past its own properties",
    "sometimes",
  ],
  [
    /^array$|^pieces that are|^async generator of texts$/,
    "workerd gives a stream of other pieces than bytes up as it does where a client leaves",
    "sometimes",
  ],
  ...refused,
];

async function bundled(): Promise<string> {
  const { outputFiles } = await build({
    entryPoints: [`${root}tests/exact/worker.ts`],
    bundle: true,
    write: false,
    format: "esm",
    target: "es2022",
    conditions: ["workerd", "worker"],
    external: ["node:*"],
  });
  return outputFiles[0]!.text;
}

async function startWorker(script: string, bindings: Record<string, string>): Promise<Side<never>> {
  const worker = new Miniflare({
    modules: true,
    script,
    compatibilityDate: "2026-04-01",
    compatibilityFlags: ["nodejs_compat"],
    bindings,
    // Without miniflare's own Worker before it, which reads every response to its end.
    unsafeDirectSockets: [{ host: "127.0.0.1", port: 0 }],
    handleRuntimeStdio(stdout: Readable, stderr: Readable) {
      stdout.resume();
      stderr.resume();
    },
  });
  await worker.ready;
  const { origin, port } = await worker.unsafeGetDirectURL();
  const { kinds } = workerDoors[bindings.door!]!;
  return {
    async talk(kind, message) {
      if (kind.name.endsWith("twice")) await fetch(`${origin}/-/forget`);
      return await talkAbout(kind, message, (asked) => talk(Number(port), asked, true));
    },
    async requests() {
      const counts = new Map(await (await fetch(`${origin}/-/requests`)).json() as [string, number][]);
      return new Map(kinds.map((kind) => [kind, counts.get(kind.name) ?? 0]));
    },
    page: async () => new Page(await (await fetch(`${origin}/-/metrics`)).text()),
    [Symbol.asyncDispose]: () => worker.dispose(),
  };
}

for (const [door, { kinds, under }] of Object.entries(workerDoors)) {
  const start = async (): Promise<Comparison<never>> => {
    const script = await bundled();
    const upstream = await startUpstream();
    const nameOf = (options: MonitorOptions | undefined): string =>
      Object.entries(settings).find(([, each]) => each === options)?.[0] ?? "";
    const sides: Sides<never> = {
      allowed,
      start: (options) => startWorker(script, { door, under: nameOf(options), upstream: upstream.url }),
      [Symbol.asyncDispose]: () => upstream[Symbol.asyncDispose](),
    };
    return await Comparison.between(sides, kinds as Kind<never>[]);
  };
  compareBetween(`${door} in workerd`, start, { ...(under && { under }) });
}

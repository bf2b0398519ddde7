import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { posix } from "node:path";
import { describe, it } from "node:test";
import { fileURLToPath } from "node:url";

/**
 * The architecture: a file imports only what stands above it. Data flows down this list. Change it on purpose or not at
 * all.
 */
const order = [
  "src/sample.ts",
  "src/runtime/shim.ts",
  "src/runtime/clock.ts",
  "src/runtime/process.ts",
  "src/runtime/node.ts",
  "src/runtime/deno.ts",
  "src/runtime/bun.ts",
  "src/runtime/edge.ts",
  "src/runtime/detect.ts",
  "src/sampler.ts",
  "src/pending.ts",
  "src/timing.ts",
  "src/wait_until.ts",
  "src/pools/pool_source.ts",
  "src/pools/canary.ts",
  "src/pools/pools.ts",
  "src/pools/on_abort.ts",
  "src/pools/limiter.ts",
  "src/pools/shape.ts",
  "src/pools/watchers.ts",
  "src/pools/replace_method.ts",
  "src/pools/timed_pool.ts",
  "src/pools/checkouts.ts",
  "src/pools/piscina.ts",
  "src/pools/tinypool.ts",
  "src/pools/workerpool.ts",
  "src/pools/p_limit.ts",
  "src/pools/p_queue.ts",
  "src/pools/generic_pool.ts",
  "src/pools/pg.ts",
  "src/pools/mysql2.ts",
  "src/pools/undici.ts",
  "src/workers/report.ts",
  "src/workers/report_to.ts",
  "src/workers/worker_pool.ts",
  "src/metrics/label_value.ts",
  "src/metrics/exemplars.ts",
  "src/metrics/family.ts",
  "src/metrics/counter.ts",
  "src/metrics/histogram.ts",
  "src/metrics/sampled.ts",
  "src/metrics/entry.ts",
  "src/metrics/catalog/buckets.ts",
  "src/metrics/catalog/event_loop.ts",
  "src/metrics/catalog/work.ts",
  "src/metrics/catalog/memory.ts",
  "src/metrics/catalog/self.ts",
  "src/metrics/catalog/http.ts",
  "src/metrics/catalog/calls.ts",
  "src/metrics/catalog/process.ts",
  "src/metrics/catalog.ts",
  "src/registry_like.ts",
  "src/metrics/families.ts",
  "src/expect.ts",
  "src/http/info.ts",
  "src/http/metrics.ts",
  "src/http/options.ts",
  "src/http/check_http.ts",
  "src/calls/services.ts",
  "src/exposition/addresses.ts",
  "src/exposition/options.ts",
  "src/exposition/check_exposition.ts",
  "src/options.ts",
  "src/check_options.ts",
  "src/facts.ts",
  "src/http/exclusion.ts",
  "src/http/platform.ts",
  "src/http/trace.ts",
  "src/http/meter.ts",
  "src/http/body.ts",
  "src/http/marks.ts",
  "src/http/details.ts",
  "src/http/exchange_state.ts",
  "src/http/exchange.ts",
  "src/http/lanes.ts",
  "src/http/patience.ts",
  "src/http/recorder.ts",
  "src/http/measurement.ts",
  "src/calls/measurement.ts",
  "src/process_watch.ts",
  "src/core.ts",
  "src/cores.ts",
  "src/calls/scope.ts",
  "src/calls/fetch.ts",
  "src/calls/time.ts",
  "src/calls/query_time.ts",
  "src/calls/database.ts",
  "src/calls/cache.ts",
  "src/calls/instruments.ts",
  "src/exposition/names.ts",
  "src/exposition/negotiation.ts",
  "src/exposition/turns.ts",
  "src/exposition/stored.ts",
  "src/exposition/foreign.ts",
  "src/exposition/picture.ts",
  "src/exposition/dialect.ts",
  "src/exposition/text.ts",
  "src/exposition/open_metrics.ts",
  "src/exposition/writing.ts",
  "src/exposition/foreign_lines.ts",
  "src/exposition/lines.ts",
  "src/exposition/titles.ts",
  "src/exposition/json.ts",
  "src/exposition/page.ts",
  "src/exposition/chunks.ts",
  "src/exposition/gzip.ts",
  "src/exposition/body.ts",
  "src/exposition/credentials.ts",
  "src/exposition/guard.ts",
  "src/exposition/inside.ts",
  "src/exposition/handler.ts",
  "src/http/routes.ts",
  "src/http/instrument.ts",
  "src/monitor.ts",
  "src/hono_routes.ts",
  "src/hono_middleware.ts",
  "src/node/message.ts",
  "src/node/to_node_listener.ts",
  "src/node/instrument_listener.ts",
  "src/node.ts",
  "src/edge/isolate.ts",
  "src/edge/wait_until.ts",
  "src/edge/requests.ts",
  "src/edge.ts",
  "src/push/page_reader.ts",
  "src/push/otlp.ts",
  "src/push/target.ts",
  "src/push/delivery.ts",
  "src/push/check_pusher.ts",
  "src/push/pusher.ts",
  "src/push.ts",
  "src/registry.ts",
  "src/create_monitor.ts",
  "src/serve.ts",
  "src/metrics_server.ts",
  "src/hono.ts",
  "mod.ts",
];

/** What a file may import from outside, and whether at run time or for its types alone. */
const outside: Readonly<Record<string, readonly string[]>> = {
  "src/registry.ts": ["prom-client"],
  "src/hono_middleware.ts": ["type hono"],
  "src/hono.ts": ["type hono"],
  "src/hono_routes.ts": ["type hono"],
  "src/edge.ts": ["type hono"],
};

const root = fileURLToPath(new URL("..", import.meta.url));

interface Import {
  specifier: string;
  typeOnly: boolean;
}

function importsOf(file: string): Import[] {
  // What a comment shows is no import.
  const code = readFileSync(root + file, "utf8").replace(/\/\*[\s\S]*?\*\//g, "");
  const imports = [...code.matchAll(/^(?:import|export)\s+(type\s)?[^;]*?from\s+"([^"]+)";/gm)];
  assert.doesNotMatch(code, /\bimport\(|^import\s+"|\brequire\(/m, `${file} must import statically and by name`);
  return imports.map(([, type, specifier]) => ({ specifier: specifier!, typeOnly: type !== undefined }));
}

describe("the architecture", () => {
  it("lists every source file once", () => {
    const files = readdirSync(`${root}src`, { recursive: true, encoding: "utf8" })
      .map((name) => `src/${name.replaceAll("\\", "/")}`)
      .filter((name) => name.endsWith(".ts"));
    assert.deepEqual([...order].sort(), [...files, "mod.ts"].sort());
  });

  for (const [position, file] of order.entries()) {
    it(`lets ${file} import only what stands above it`, () => {
      for (const { specifier, typeOnly } of importsOf(file)) {
        if (specifier.startsWith(".")) {
          const target = posix.join(posix.dirname(file), specifier);
          const place = order.indexOf(target);
          assert.ok(place >= 0 && place < position, `${file} must not import ${target}`);
        } else {
          const allowed = outside[file] ?? [];
          assert.ok(
            allowed.includes(specifier) || (typeOnly && allowed.includes(`type ${specifier}`)),
            `${file} must not import ${typeOnly ? "the types of " : ""}${specifier}`,
          );
        }
      }
    });
  }

  it("keeps files small enough to read", () => {
    for (const file of order) {
      const lines = readFileSync(root + file, "utf8").split("\n").length;
      assert.ok(lines <= 300, `${file} has ${lines} lines`);
    }
  });
});

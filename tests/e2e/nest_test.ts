// NestJS 11 and 12 from npm at the versions that tests/frameworks/nest11 and nest12 pin, on both platforms and real sockets.

import process from "node:process";
import { describe, it } from "node:test";
import { assertEquals } from "@std/assert";
import type { Monitor } from "@rtm/runtime-metrics";
import { expressMetrics, fastifyMetrics } from "@rtm/runtime-metrics/node";
import { drive } from "../support/framework_harness.ts";
import { makeNpmProject } from "../support/npm_project.ts";
import { type Any, counted, frameworksOf, measuring } from "../support/framework_apps.ts";
import { nestModule } from "../support/framework_routes.ts";

const platforms: Record<string, { adapter: string; measure: (app: Any, monitor: Monitor) => unknown }> = {
  "platform-express": {
    adapter: "ExpressAdapter",
    measure: (app, monitor) => app.use(expressMetrics(monitor)),
  },
  "platform-fastify": {
    adapter: "FastifyAdapter",
    measure: (app, monitor) => app.register(fastifyMetrics(monitor)),
  },
};

for (const version of ["nest11", "nest12"]) {
  const { load, skip } = frameworksOf(`tests/frameworks/${version}`);
  for (const [platform, { adapter, measure }] of Object.entries(platforms)) {
    describe(`${version} on ${platform}`, { skip }, () => {
      const served = async (monitor: Monitor, use: (url: string) => Promise<void>): Promise<void> => {
        load("reflect-metadata");
        const { NestFactory } = load("@nestjs/core");
        const common = load("@nestjs/common");
        const { [adapter]: Adapter } = load(`@nestjs/${platform}`);
        const app = await NestFactory.create(nestModule(common), new Adapter(), { logger: false });
        await measure(app, monitor);
        app.setGlobalPrefix("api");
        app.enableVersioning({ type: common.VersioningType.URI });
        await app.listen(0, "127.0.0.1");
        try {
          await use(`http://127.0.0.1:${app.getHttpServer().address().port}`);
        } finally {
          app.getHttpServer().closeAllConnections();
          await app.close();
        }
      };
      const prefix = "/api/v1/tenants/id-acme";

      it("is measured under its routes' templates, global prefix and version included", async () => {
        using monitor = measuring();
        await served(monitor, (url) => drive({ url, prefix, template: (path) => path.replace("id-acme", ":tenant") }));
      });

      it("tells exceptions and misses", async () => {
        using monitor = measuring();
        await served(monitor, async (url) => {
          const asked = [`${prefix}/refused/1`, `${prefix}/refused/2`, `${prefix}/unknown`, "/api/unknown", "/unknown"];
          const refused = "/api/v1/tenants/:tenant/refused/:id 403 2";
          // Below a global prefix NestJS 12 makes a route of Express for what it does not find.
          assertEquals((await counted(url, asked)).routes, [refused, "none 404 3"]);
        });
      });
    });
  }
}

describe("a CommonJS app of NestJS, with the packed package", () => {
  const { modules, ...nest } = frameworksOf("tests/frameworks/nest11");

  it("is measured", { skip: nest.skip }, async () => {
    using project = await makeNpmProject({ "tests/support/nest_program.cjs": "app.cjs" }, { hono: false });
    const { code, output, errors } = project.run("env", `NODE_PATH=${modules}`, process.execPath, "app.cjs");
    assertEquals([code, output.trim().split("\n")], [0, [
      'http_requests_total{method="GET",route="/users/:id",status="200",outcome="completed"} 2',
      'http_requests_total{method="GET",route="none",status="404",outcome="completed"} 1',
    ]], errors);
  });
});

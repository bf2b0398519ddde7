import { describe, it } from "node:test";
import { createServer } from "node:http";
import { assertEquals } from "@std/assert";
import { runtimeName } from "../support/loop.ts";
import { startProgram } from "../support/program.ts";
import { startable } from "../support/startable.ts";

/** How long the other side asks to be left alone, in seconds; the program must not wait that out. */
const pauseSeconds = 120;

async function run(how: string): Promise<{ pushes: number; output: string; code: number | null }> {
  let pushes = 0;
  const server = createServer((request, response) => {
    request.resume().on("end", () => {
      pushes++;
      if (pushes === 1) response.writeHead(503, { "retry-after": String(pauseSeconds) }).end();
      else response.writeHead(204).end();
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as { port: number };
  const program = startProgram(startable("tests/support/stopping_pusher_program.ts"), {
    args: [`http://127.0.0.1:${port}/import`, how],
    timeoutSeconds: pauseSeconds - 30,
  });
  const { code, output, errors } = await program.exited;
  server.close();
  server.closeAllConnections();
  assertEquals(errors, "");
  return { pushes, output: output.trim(), code };
}

describe(`a process on ${runtimeName} that stops its pusher in the pause before another attempt`, () => {
  for (const how of ["push", "start"]) {
    it(`ends by itself, with its last push sent and no pause waited out, after ${how}()`, async () => {
      const { pushes, output, code } = await run(how);
      assertEquals({ pushes, output, code }, { pushes: 2, output: 'stopped {"pushed":1,"failed":1}', code: 0 });
    });
  }

  it("ends by itself also where what sends never answers", async () => {
    const { output, code } = await run("silence");
    assertEquals({ output, code }, { output: 'stopped {"pushed":0,"failed":2}', code: 0 });
  });
});

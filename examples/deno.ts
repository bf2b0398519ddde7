// npm run start:deno: the demo on Deno.
import { app, listening, monitor } from "./app.ts";

const server = Deno.serve({
  port: Number(Deno.env.get("PORT") ?? 3000),
  onListen: ({ port }) => console.log(listening("Deno", port)),
}, app.fetch);

// What is under way is answered first.
Deno.addSignalListener("SIGTERM", async () => {
  await server.shutdown();
  monitor.stop();
  Deno.exit(0);
});

// npm run start:deno: the demo on Deno.
import { app, listening, monitor } from "./app.ts";

const server = Deno.serve({
  port: Number(Deno.env.get("PORT") ?? 3000),
  onListen: () => {}, // Deno's own line would come before anything below.
}, app.fetch);

// What is under way is answered first.
Deno.addSignalListener("SIGTERM", async () => {
  await server.shutdown();
  monitor.stop();
  Deno.exit(0);
});

// Only now: whoever reads this line may ask it to stop.
console.log(listening("Deno", server.addr.port));

// npm run start:bun: the demo on Bun.
import { app, listening, monitor } from "./app.ts";

const server = Bun.serve({ port: Number(process.env.PORT ?? 3000), fetch: app.fetch });

// What is under way is answered first; then nothing is left that keeps the process alive.
process.once("SIGTERM", async () => {
  await server.stop();
  monitor.stop();
});

// Only now: whoever reads this line may ask it to stop.
console.log(listening("Bun", server.port!));

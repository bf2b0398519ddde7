// Loaded before a program that has no route for it: SIGUSR2 holds its loop for 5 s.
import process from "node:process";

process.on("SIGUSR2", () => {
  for (const end = performance.now() + 5000; performance.now() < end;);
});

import { spawn } from "node:child_process";
import process from "node:process";
import { fileURLToPath } from "node:url";

/** Runs a program within control groups, and answers what it has written. */
export async function runIn(groups: readonly string[], command: readonly string[]): Promise<string> {
  const enter = groups.map((group) => `echo $$ > '${group}/cgroup.procs'`).join(" && ");
  const words = command.map((word) => `'${word}'`).join(" ");
  const child = spawn("sh", ["-c", `${enter} && exec ${words}`], {
    cwd: fileURLToPath(new URL("../../", import.meta.url)),
    env: { ...process.env, NO_COLOR: "1", DENO_NO_UPDATE_CHECK: "1" },
    stdio: ["ignore", "pipe", "inherit"],
  });
  const closed = new Promise((resolve) => child.once("close", resolve));
  let output = "";
  for await (const chunk of child.stdout) output += chunk;
  await closed;
  return output;
}

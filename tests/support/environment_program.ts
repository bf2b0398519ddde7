// Tells what the runtime's shim can read of the environment, as JSON; each argument is the name of a variable.

import process from "node:process";
import { currentRuntime } from "../../src/runtime/detect.ts";

const { environment } = currentRuntime();
console.log(JSON.stringify(process.argv.slice(2).map((name) => environment(name) ?? null)));

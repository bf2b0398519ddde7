/**
 * A process that tells how long it took to import prom-client, and the package after it, in milliseconds. Its argument is
 * the package's first module.
 *
 * @module
 */

import process from "node:process";

const begin = performance.now();
await import("prom-client");
const between = performance.now();
await import(process.argv[2]!);
const end = performance.now();
console.log(JSON.stringify({ promClient: between - begin, ours: end - between }));

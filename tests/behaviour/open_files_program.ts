// Tells how many descriptors a page shows before 20 files are opened, while they are, and when they have been closed.

import { closeSync, openSync } from "node:fs";
import { freshPage } from "../support/page.ts";

const read = async (): Promise<number> => (await freshPage()).value("process_open_fds");

// The first page may load what it needs.
await read();
const before = await read();
const files = Array.from({ length: 20 }, () => openSync("/dev/null", "r"));
const during = await read();
for (const file of files) closeSync(file);
console.log(JSON.stringify([before, during, await read()]));

// Writes the page of a process of its own, started with what the test gave it.

import { freshPage } from "../support/page.ts";

console.log((await freshPage()).text);

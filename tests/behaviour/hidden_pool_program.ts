// Observes the hidden pool of a process of its own, whose size was set when it was started.

import { observeHiddenPool } from "./hidden_pool.ts";

console.log(JSON.stringify(await observeHiddenPool()));

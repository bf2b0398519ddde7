// Loaded before a program: its databases in memory begin as the file of the environment's PGLITE_DATA. No TypeScript: a
// worker of Node 20 loads it as well, before its loader.

import { readFileSync } from "node:fs";
import process from "node:process";
import { PGlite } from "@electric-sql/pglite";

const create = PGlite.create.bind(PGlite);
PGlite.create = () => create({ loadDataDir: new Blob([readFileSync(process.env.PGLITE_DATA)]) });

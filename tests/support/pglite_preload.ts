// Loaded before a program: its databases in memory begin as the file of the environment's PGLITE_DATA.

import { readFileSync } from "node:fs";
import process from "node:process";
import { PGlite } from "@electric-sql/pglite";

const create = PGlite.create.bind(PGlite);
const loaded = () => create({ loadDataDir: new Blob([readFileSync(process.env["PGLITE_DATA"]!)]) });
Object.assign(PGlite, { create: loaded });

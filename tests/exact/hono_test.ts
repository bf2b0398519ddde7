// All kinds of answers of an app of Hono's.

import { compareAnswers } from "./compare_answers.ts";
import { doorOf, kinds, plainWay } from "./hono_door.ts";

compareAnswers(doorOf(plainWay), { kinds, under: ["by default", "everything"] });

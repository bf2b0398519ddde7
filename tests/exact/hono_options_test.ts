// What else an app of Hono's may have measured.

import { compareAnswers } from "./compare_answers.ts";
import { doorOf, fewKinds, plainWay } from "./hono_door.ts";

compareAnswers(doorOf(plainWay), { kinds: fewKinds, under: ["statuses in groups", "no exemplars", "sizes"] });

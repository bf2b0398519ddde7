// What the other ways to put the middleware into an app do to an answer is Hono's own on each runtime; this shows it on one.

import { compareAnswers } from "./compare_answers.ts";
import { doorOf, fewKinds, otherWays } from "./hono_door.ts";

for (const name of otherWays) compareAnswers(doorOf(name), { kinds: fewKinds, under: ["by default"] });

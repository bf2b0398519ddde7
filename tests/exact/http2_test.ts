// HTTP/2: a listener on each runtime's `node:http2`.

import { compareAnswers } from "./compare_answers.ts";
import { kinds, listened } from "./http2_door.ts";

compareAnswers(listened, { kinds, under: ["everything"] });

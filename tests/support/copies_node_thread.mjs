// Node's threads do not take `--import tsx` over for their first file.
import { register } from "tsx/esm/api";

register();
await import("./copies_threads_program.ts");

// Node's threads do not take `--import tsx` over for their first file.
import { workerData } from "node:worker_threads";
import { register } from "tsx/esm/api";

register();
await import(workerData?.file ?? "./worker.ts");

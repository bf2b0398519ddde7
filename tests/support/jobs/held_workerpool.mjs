// The same for workerpool.
import workerpool from "workerpool";
import held from "./held.mjs";

workerpool.worker({ held });

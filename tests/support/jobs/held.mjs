// A job of piscina and tinypool: it holds its thread until the gate is opened.
export default function held(gate) {
  Atomics.wait(new Int32Array(gate), 0, 0, 20_000);
  return "done";
}

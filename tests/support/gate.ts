/** Something that threads wait for, without a clock. */
export class Gate {
  /** To be handed to the jobs. */
  readonly shared: SharedArrayBuffer = new SharedArrayBuffer(4);

  /** Lets everybody through, now and later. */
  open(): void {
    const cell = new Int32Array(this.shared);
    Atomics.store(cell, 0, 1);
    Atomics.notify(cell, 0);
  }
}

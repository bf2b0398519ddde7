import { execFileSync } from "node:child_process";
import { closeSync, mkdtempSync, open, openSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** Jobs that hold threads of the runtime's hidden pool. */
export interface HeldThreads extends AsyncDisposable {
  /** Lets all of them go and waits until they are done. */
  release(): Promise<void>;
}

/**
 * Holds threads of the runtime's hidden pool without using the CPU: each opens a FIFO that nobody writes to.
 *
 * @param jobs How many jobs; those that find no thread wait in the pool's queue.
 * @param openAndClose How each opens the FIFO.
 * @returns The jobs; let go of them in any case, since a process cannot end with a thread that is held.
 */
export function holdThreads(jobs: number, openAndClose: (path: string) => Promise<void> = openOnce): HeldThreads {
  const directory = mkdtempSync(join(tmpdir(), "runtime-metrics-"));
  const fifo = join(directory, "fifo");
  execFileSync("mkfifo", [fifo]);
  const done = Promise.all(Array.from({ length: jobs }, () => openAndClose(fifo)));
  let released: Promise<void> | undefined;
  const release = (): Promise<void> =>
    released ??= (async () => {
      // A FIFO opened to read and write counts as written to, and opening it so never waits.
      const writer = openSync(fifo, "r+");
      try {
        await done;
      } finally {
        closeSync(writer);
        rmSync(directory, { recursive: true });
      }
    })();
  return { release, [Symbol.asyncDispose]: release };
}

function openOnce(path: string): Promise<void> {
  return new Promise((resolve, reject) => {
    open(path, "r", (error, file) => {
      if (error) return reject(error);
      closeSync(file);
      resolve();
    });
  });
}

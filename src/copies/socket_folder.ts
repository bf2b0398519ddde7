/**
 * The directory in which processes meet: checked before anything in it is believed.
 *
 * @module
 */

import { action } from "./options.ts";

/** What the system tells of a file. */
interface StatsLike {
  isDirectory(): boolean;
  isSocket(): boolean;
  readonly uid: number;
  readonly mode: number;
  readonly mtimeMs: number;
}

/** The calls of `node:fs` that are used; none of them follows a link at the end of a path. */
export interface FsLike {
  lstatSync(path: string): StatsLike;
  mkdirSync(path: string, options: { mode: number }): void;
  readdirSync(path: string): readonly string[];
  unlinkSync(path: string): void;
  chmodSync(path: string, mode: number): void;
}

/** Where a socket's path may be no longer, in bytes: macOS has 104 with a zero at the end, Linux 108. */
const longestPath = 103;

/** What `mkdir` takes over from the directory above, whatever mode it is told: setgid, which lets nobody in. */
const inheritedMode = 0o2000;

/** Between its making and its first listening a socket refuses connections for a moment; this is longer, in seconds. */
const youngSeconds = 5;

/** A socket of another copy. */
export interface OtherSocket {
  readonly id: string;
  readonly path: string;
}

/** The sockets of one group in one directory. */
export class SocketFolder {
  readonly #fs: FsLike;
  readonly #uid: number;
  readonly #directory: string;
  readonly #group: string;
  readonly #refuse: (reason: string) => void;
  /** What was refused already, so that it is counted once. */
  readonly #refused = new Set<string>();
  readonly path: string;

  /**
   * Makes the directory, whose path is resolved, where it is missing.
   *
   * @throws {RangeError} If the path is too long.
   * @throws {Error} If it is not this user's alone.
   */
  constructor(
    fs: FsLike,
    uid: number,
    directory: string,
    own: { readonly group: string; readonly id: string },
    refuse: (reason: string) => void,
  ) {
    this.#fs = fs;
    this.#uid = uid;
    this.#directory = directory;
    this.#group = own.group;
    this.#refuse = refuse;
    this.path = this.#pathOf(own.id);
    const { length } = new TextEncoder().encode(this.path);
    if (length > longestPath) {
      throw new RangeError(
        `${action}: sockets in directory must have paths of at most ${longestPath} bytes, got ${length}`,
      );
    }
    this.#make();
    const wrong = this.#wrong();
    if (wrong) throw new Error(`${action}: directory must be this user's own, with mode 0700; ${directory} ${wrong}`);
  }

  /** Whether our own socket is where it should be: people clean up, and systemd removes what it made for a service. */
  get hasOwn(): boolean {
    return this.#stats(this.path)?.isSocket() === true;
  }

  /** Makes the directory anew where it was removed; returns whether a socket may be put into it. */
  restore(): boolean {
    try {
      this.#make();
    } catch {
      return false;
    }
    return this.#wrong() === undefined;
  }

  /** The sockets of the other copies; nothing where the directory is no longer this user's alone. */
  others(): OtherSocket[] {
    const wrong = this.#wrong();
    if (wrong) {
      this.refuseOnce("", `${this.#directory} ${wrong}`);
      return [];
    }
    return this.#names().flatMap((name) => {
      const [group, id, end, ...more] = name.split(".");
      if (group !== this.#group || !id || end !== "sock" || more.length > 0) return [];
      const path = this.#pathOf(id);
      if (path === this.path) return [];
      const stats = this.#stats(path);
      if (!stats) return [];
      if (stats.isSocket() && stats.uid === this.#uid) return [{ id, path }];
      this.refuseOnce(name, `${name} is no socket of this user's`);
      return [];
    });
  }

  /** Nobody but this user may connect, whatever the umask. */
  close(): void {
    this.#fs.chmodSync(this.path, 0o600);
  }

  /** Removes what nobody listens on any more. */
  removeStale(id: string): void {
    const path = this.#pathOf(id);
    const stats = this.#stats(path);
    if (!stats?.isSocket() || stats.uid !== this.#uid) return;
    // One from the future was there before the clock was set back.
    if (Math.abs(Date.now() - stats.mtimeMs) > youngSeconds * 1000) this.#remove(path);
  }

  /** Removes the socket of a copy that was heard to end. */
  remove(id: string): void {
    const path = this.#pathOf(id);
    if (this.#stats(path)?.isSocket()) this.#remove(path);
  }

  removeOwn(): void {
    this.#remove(this.path);
  }

  #remove(path: string): void {
    try {
      this.#fs.unlinkSync(path);
    } catch {
      // Another copy was faster.
    }
  }

  #make(): void {
    try {
      this.#fs.mkdirSync(this.#directory, { mode: 0o700 });
    } catch (error) {
      if ((error as { code?: string }).code !== "EEXIST") throw cannotUse(this.#directory, error);
    }
  }

  #wrong(): string | undefined {
    const stats = this.#stats(this.#directory);
    if (!stats?.isDirectory()) return "is no directory";
    if (stats.uid !== this.#uid) return `belongs to user ${stats.uid}`;
    const mode = stats.mode & 0o7777;
    return (mode & ~inheritedMode) === 0o700 ? undefined : `has mode ${mode.toString(8).padStart(4, "0")}`;
  }

  #names(): readonly string[] {
    try {
      return this.#fs.readdirSync(this.#directory);
    } catch {
      this.refuseOnce("", "the directory cannot be read");
      return [];
    }
  }

  #stats(path: string): StatsLike | undefined {
    try {
      return this.#fs.lstatSync(path);
    } catch {
      return undefined;
    }
  }

  #pathOf(id: string): string {
    return `${this.#directory}/${this.#group}.${id}.sock`;
  }

  /** Counts what is wrong with a name, once. */
  refuseOnce(name: string, reason: string): void {
    if (this.#refused.size >= mostRefused || this.#refused.has(name)) return;
    this.#refused.add(name);
    this.#refuse(reason);
  }
}

/** How many names are remembered. */
const mostRefused = 100;

function cannotUse(directory: string, error: unknown): Error {
  const { message } = error as Error;
  return new Error(`${action}: directory ${directory} cannot be made: ${message}`, { cause: error });
}

/**
 * Where `koa-mount` has put a request.
 *
 * @module
 */

import { watchProperty } from "./watched_property.ts";

export interface KoaPlaceLike {
  /** What mounts have left of the path. */
  path?: string;
  /** The prefix of the innermost mount, as the app wrote it. */
  mountPath?: unknown;
  _matchedRoute?: unknown;
}

interface Mount {
  readonly prefix: string;
  /** How much of the path it and those around it have taken. */
  readonly until: number;
}

/** Follows one request through mounts, which tell their prefix when they are entered and nothing when they are left. */
export class KoaMounts {
  readonly #context: KoaPlaceLike;
  readonly #path: string;
  #mounts: Mount[] = [];
  /** The prefixes around the route that was found. */
  ofRoute = "";

  /**
   * Begins to follow.
   *
   * @param context The request's context.
   * @param path The whole path as it came.
   */
  constructor(context: KoaPlaceLike, path: string) {
    this.#context = context;
    this.#path = path;
    const { mountPath } = context;
    if (mountPath !== undefined) this.#enter(mountPath, this.#taken() - String(mountPath).length);
    watchProperty(context, "mountPath", (prefix) => this.#enter(prefix, this.#taken()));
  }

  /** A route was found. */
  routed(): void {
    const taken = this.#taken();
    this.ofRoute = textOf(this.#mounts.filter(({ until }) => until <= taken));
  }

  /** The prefixes that were entered last; empty where there are none. */
  get last(): string {
    return textOf(this.#mounts);
  }

  #enter(prefix: unknown, from: number): void {
    this.#mounts = this.#mounts.filter(({ until }) => until <= from);
    this.#mounts.push({ prefix: String(prefix), until: from + String(prefix).length });
  }

  /** A mount that takes everything leaves a slash that was not there. */
  #taken(): number {
    const { path = "" } = this.#context;
    return this.#path.length - (path === "/" && !this.#path.endsWith("/") ? 0 : path.length);
  }
}

function textOf(mounts: readonly Mount[]): string {
  return mounts.map(({ prefix }) => prefix.replace(/\/$/, "")).join("");
}

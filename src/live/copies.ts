/**
 * What the live pages of joined copies tell, on the page of each.
 *
 * @module
 */

import type { Core } from "../core/core.ts";
import { copiesOf, type LivingCopy } from "../gather/other_copies.ts";
import type { CopiesTold, CopyTold } from "./message.ts";
import { door } from "./options.ts";

const mostCopies = 32;

/** Answers a query as this copy alone does, with JSON; undefined where there is nothing to tell. */
export type OwnAnswer = (query: URLSearchParams) => Promise<string | undefined>;

export class CopyPages {
  readonly #core: Core;
  readonly #own: OwnAnswer;

  /** Makes one that answers for this copy by itself. */
  constructor(core: Core, own: OwnAnswer) {
    this.#core = core;
    this.#own = own;
  }

  /** Tells what one copy alone does; undefined where there is none of that id, or it has nothing to tell. */
  async one(id: string, query: URLSearchParams): Promise<string | undefined> {
    const copy = this.#living().find((each) => each.id === id);
    return copy && await this.#told(copy, query);
  }

  /** Tells which copies there are, and what each of them does. */
  async all(query: URLSearchParams): Promise<string> {
    const told = await Promise.all(
      this.#living().map(async (copy) => {
        const text = await this.#told(copy, query);
        const head = JSON.stringify(copy satisfies CopyTold<unknown>);
        // It is JSON already, and long.
        return text === undefined ? head : `${head.slice(0, -1)},"told":${text}}`;
      }),
    );
    return `{"${"copies" satisfies keyof CopiesTold}":[${told.join()}]}`;
  }

  /** This copy first. */
  #living(): readonly LivingCopy[] {
    const living = copiesOf(this.#core)?.living() ?? [{ id: "", name: "", process: "" }];
    return living.slice(0, mostCopies);
  }

  async #told({ id }: LivingCopy, query: URLSearchParams): Promise<string | undefined> {
    const copies = copiesOf(this.#core);
    const own = copies?.living()[0]?.id ?? "";
    if (id === own) return await this.#own(query);
    const text = await copies?.question(id, door, String(query));
    return text !== undefined && isJson(text) ? text : undefined;
  }
}

/** Another copy may be of another version, and is not to break the whole answer. */
function isJson(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}

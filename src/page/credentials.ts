/**
 * Tokens and passwords, compared in a time that tells nothing of them.
 *
 * @module
 */

import { asked } from "../runtime/asked.ts";
import { encoder } from "../runtime/text_encoder.ts";

/** Compares a secret with what came. How long it takes depends on what came alone. */
export function isSecret(secret: string, given: string): boolean {
  const [kept, came] = [encoder.encode(secret), encoder.encode(given)];
  let difference = kept.length ^ came.length;
  for (let i = 0; i < came.length; i++) difference |= came[i]! ^ (kept[i % kept.length] ?? 0);
  return difference === 0;
}

export interface Authorization {
  readonly scheme: string;
  /** Basic's name and password with a colon between, decoded; every other scheme's text as it is. */
  readonly value: string;
}

/** How much of a header is read, in characters: servers let no more through by default. */
const longestHeader = 16_384;

/** Reads an `Authorization` header; returns undefined where it holds nothing that can be read. */
export function parseAuthorization(header: string | null): Authorization | undefined {
  if (header === null || header.length > longestHeader) return undefined;
  const [, name = "", value = ""] = /^\s*([\w-]+)\s+(\S+)\s*$/.exec(header) ?? [];
  const scheme = name.toLowerCase();
  if (scheme !== "basic") return scheme ? { scheme, value } : undefined;
  return asked(() => {
    const bytes = Uint8Array.from(atob(value), (character) => character.charCodeAt(0));
    return { scheme, value: new TextDecoder().decode(bytes) };
  });
}

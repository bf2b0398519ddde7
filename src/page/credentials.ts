/**
 * Tokens and passwords, compared in a time that tells nothing of them.
 *
 * @module
 */

const encoder = new TextEncoder();

/**
 * Compares a secret with what came. How long it takes depends on what came alone.
 *
 * @param secret The secret.
 * @param given What came.
 * @returns True if both are the same.
 */
export function isSecret(secret: string, given: string): boolean {
  const [kept, came] = [encoder.encode(secret), encoder.encode(given)];
  let difference = kept.length ^ came.length;
  for (let i = 0; i < came.length; i++) difference |= came[i]! ^ (kept[i % kept.length] ?? 0);
  return difference === 0;
}

/** What an `Authorization` header holds. */
export interface Authorization {
  readonly scheme: string;
  /** Basic's name and password with a colon between, decoded; every other scheme's text as it is. */
  readonly value: string;
}

/**
 * Reads an `Authorization` header.
 *
 * @param header The header.
 * @returns What it holds; undefined where there is none that can be read.
 */
export function parseAuthorization(header: string | null): Authorization | undefined {
  const parts = /^\s*([\w-]+)\s+(\S+)\s*$/.exec(header ?? "");
  if (!parts) return undefined;
  const scheme = parts[1]!.toLowerCase();
  if (scheme !== "basic") return { scheme, value: parts[2]! };
  try {
    const bytes = Uint8Array.from(atob(parts[2]!), (character) => character.charCodeAt(0));
    return { scheme, value: new TextDecoder().decode(bytes) };
  } catch {
    return undefined;
  }
}

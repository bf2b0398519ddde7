/**
 * Label values as the text formats want them.
 *
 * @module
 */

export function escapeLabelValue(value: string): string {
  // Almost no value has anything to escape, and a test costs a third of a replacement.
  return /[\\"\n]/.test(value) ? value.replace(/[\\"\n]/g, (c) => c === "\n" ? "\\n" : `\\${c}`) : value;
}

/**
 * Puts the replacement character in the place of each half of a pair that stands alone, as encoding to UTF-8 does. Before
 * that two strings could differ that are one series on the page.
 */
export function wellFormed(text: string): string {
  return /\p{Surrogate}/u.test(text) ? text.replace(/\p{Surrogate}/gu, "\ufffd") : text;
}

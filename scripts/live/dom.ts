/**
 * Elements. Whatever comes from the server is put into them as text, never as markup, and without signs that nobody sees.
 *
 * @module
 */

type Child = Node | string;

/** What an element is made with: `class`, attributes, and `onclick` as a listener. */
type Attributes = Readonly<Record<string, string | boolean | ((event: Event) => void)>>;

/** Makes an element. */
export function h<Name extends keyof HTMLElementTagNameMap>(
  name: Name,
  attributes: Attributes = {},
  ...children: Child[]
): HTMLElementTagNameMap[Name] {
  const element = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) {
    if (typeof value === "function") element.addEventListener(key.slice(2), value);
    else if (value !== false) element.setAttribute(key, value === true ? "" : value);
  }
  element.append(...children.map((child) => typeof child === "string" ? visible(child) : child));
  return element;
}

/** Control characters, and those that turn the direction in which what follows is read. */
// deno-lint-ignore no-control-regex
const unseen = /[\u0000-\u001f\u007f-\u009f\u061c\u200b\u200e\u200f\u2028-\u202e\u2066-\u2069\ufeff]/g;

/** Shows a text as it is: by signs that nobody sees a name could look like another one, or turn a sentence around. */
export function visible(text: string): string {
  return text.replace(unseen, (sign) => `\\u${sign.charCodeAt(0).toString(16).padStart(4, "0")}`);
}

/** Puts a text into an element, unless it stands there. */
export function setText(element: Node, text: string): void {
  const shown = visible(text);
  if (element.textContent !== shown) element.textContent = shown;
}

/** Puts children into an element in this order, and leaves those that stand right where they are: focus stays. */
export function setChildren(parent: Element, children: readonly Node[]): void {
  for (const [i, child] of children.entries()) {
    if (parent.childNodes[i] !== child) parent.insertBefore(child, parent.childNodes[i] ?? null);
  }
  while (parent.childNodes.length > children.length) parent.lastChild!.remove();
}

/** Elements by key that are made once and brought up to date. */
export class Keyed<Item, Made extends { readonly nodes: readonly Node[] }> {
  readonly #make: (item: Item) => Made;
  readonly #update: (made: Made, item: Item) => void;
  #made = new Map<string, Made>();

  constructor(make: (item: Item) => Made, update: (made: Made, item: Item) => void) {
    this.#make = make;
    this.#update = update;
  }

  /** Shows these items in this order, and forgets the others. */
  show(parent: Element, items: readonly Item[], keyOf: (item: Item) => string): void {
    const next = new Map<string, Made>();
    for (const item of items) {
      const key = keyOf(item);
      const made = this.#made.get(key) ?? this.#make(item);
      this.#update(made, item);
      next.set(key, made);
    }
    this.#made = next;
    setChildren(parent, [...next.values()].flatMap(({ nodes }) => nodes));
  }
}

/**
 * What comes one by one and is looked at together.
 *
 * @module
 */

/**
 * Makes what collects items: the first one starts a wait, and when that is over each that has come meanwhile is looked at.
 *
 * @param start Waits, and calls back.
 * @param look Looks at one.
 */
export function batched<Item>(start: (over: () => void) => void, look: (item: Item) => void): (item: Item) => void {
  let items: Item[] = [];
  const over = (): void => {
    const those = items;
    items = [];
    for (const item of those) look(item);
  };
  return (item) => {
    if (items.push(item) === 1) start(over);
  };
}

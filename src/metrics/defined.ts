/**
 * What is not known is absent: never zero, and never undefined.
 *
 * @module
 */

/** The same object, in which what may be undefined may be missing instead. */
type Defined<Given> =
  & { [Name in keyof Given as undefined extends Given[Name] ? never : Name]: Given[Name] }
  & { [Name in keyof Given as undefined extends Given[Name] ? Name : never]?: Exclude<Given[Name], undefined> };

/** Leaves out what is undefined. */
export function defined<Given extends object>(given: Given): Defined<Given> {
  return Object.fromEntries(Object.entries(given).filter(([, value]) => value !== undefined)) as Defined<Given>;
}

/**
 * Labels of the sender beside those of series.
 *
 * @module
 */

import type { Refuse } from "../check.ts";
import { ownLabels } from "../metrics/label_names.ts";
import { escapeLabelValue } from "../metrics/label_value.ts";
import { insideOf } from "../monitor/access.ts";
import type { PusherOptions } from "./options.ts";

/** What the options `job` and `instance` are called by the protocols of pages, and by OTLP. */
const pageNames: Readonly<Record<string, string>> = { job: "job", instance: "instance" };
const otlpNames: Readonly<Record<string, string>> = { "service.name": "job", "service.instance.id": "instance" };

/** Refuses labels of the sender that the protocol cannot carry, or that would take the place of what series tell. */
export function checkLabels(
  { protocol, monitor, labels = {} }: Pick<PusherOptions, "protocol" | "monitor" | "labels">,
  refuse: Refuse,
): void {
  const isOtlp = protocol === "otlp";
  const options = isOtlp ? otlpNames : pageNames;
  const families = isOtlp ? [] : insideOf(monitor)?.core()?.families() ?? [];
  const own = new Set([
    ...isOtlp ? [] : ownLabels,
    ...families.flatMap(({ labelNames, staticLabels }) => [...labelNames, ...Object.keys(staticLabels)]),
  ]);
  for (const name of Object.keys(labels)) {
    if (Object.hasOwn(options, name)) {
      refuse(RangeError, `labels must leave to the option ${options[name]} what it tells`, name);
    }
    if (name === "__name__") refuse(RangeError, "labels must not change the names of metrics", name);
    if (isOtlp && name === "") refuse(RangeError, "labels must have names with something in them", name);
    if (!isOtlp && !/^(?!__)[a-zA-Z_]\w*$/.test(name)) {
      refuse(
        RangeError,
        "labels must have names of letters, digits and _, and begin with neither a digit nor __",
        name,
      );
    }
    if (own.has(name)) refuse(RangeError, "labels must not have the name of a label that series have", name);
  }
}

/**
 * Lets the series of a page keep what the labels of their sender would overwrite: such a label is called `exported_…` then,
 * as where Prometheus scrapes the page. Only metrics of the app's own have one, and what is measured later.
 */
export function keepingLabels(page: string, sender: Readonly<Record<string, string>>): string {
  const names = Object.keys(sender).filter((name) => page.includes(`${name}="`));
  if (names.length === 0) return page;
  // What a comment or a value says is no label.
  const labels = new RegExp(
    String.raw`^#.*|([{,])(${names.join("|")})=("(?:[^"\\\n]|\\.)*")|"(?:[^"\\\n]|\\.)*"`,
    "gm",
  );
  const isFree = (name: string): boolean => !page.includes(`${name}="`);
  return page.replace(labels, (whole: string, before?: string, name?: string, value?: string) => {
    if (name === undefined || value === `"${escapeLabelValue(sender[name]!)}"`) return whole;
    let kept = `exported_${name}`;
    while (!isFree(kept)) kept = `exported_${kept}`;
    return `${before}${kept}=${value}`;
  });
}

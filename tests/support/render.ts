import type { Core } from "../../src/core/core.ts";
import { check, type ForeignPicture } from "../../src/gather/foreign.ts";
import type { Format } from "../../src/formats/format.ts";
import { negotiateFormat } from "../../src/page/negotiation.ts";
import { type PageOptions, takePage } from "../../src/page/page.ts";
import type { CollectedLike, RegistryLike } from "../../src/metrics/registry_like.ts";
import type { Runtime } from "../../src/runtime/shim.ts";
import { FakeRuntime } from "./fake_runtime.ts";

/** The formats by their names, as a scraper gets them that says nothing about names. */
export const formats: Readonly<Record<"text" | "openmetrics" | "json", Format>> = {
  text: negotiateFormat(null),
  openmetrics: negotiateFormat("application/openmetrics-text"),
  json: negotiateFormat("application/json"),
};

/** What a page is made with beyond the defaults. */
export type RenderOptions = Partial<PageOptions> & { runtime?: Runtime };

/**
 * Writes a page in one go.
 *
 * @param core What is measured.
 * @param registry Where everybody else's metrics are.
 * @param options The format, which is text by default, and more.
 * @returns The page.
 */
export async function renderPage(
  core: Core | undefined,
  registry: RegistryLike | undefined,
  { runtime = core?.runtime ?? new FakeRuntime(), ...options }: RenderOptions = {},
): Promise<string> {
  // Time that is turned by hand has no turns of the loop to wait for.
  const { nextTurn: _, ...still } = runtime;
  const begin = runtime.now();
  const page = await takePage({ runtime: still, core, registry }, {
    format: formats.text,
    timeoutSeconds: 5,
    ...options,
  });
  const text = [...page.pieces()].join("");
  core?.self.finishedPage(runtime.now() - begin, page.series, text.length);
  return text;
}

/**
 * Checks what a foreign metric has answered, in one go.
 *
 * @param answer The answer.
 * @returns Its pictures.
 */
export function checked(answer: CollectedLike): ForeignPicture[] {
  const steps = check(answer);
  let step = steps.next();
  while (!step.done) step = steps.next();
  return step.value;
}

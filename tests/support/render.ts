import type { Core } from "../../src/core/core.ts";
import { readCollected } from "../../src/gather/collected_metric.ts";
import type { FamilySnapshot } from "../../src/gather/family_snapshot.ts";
import { gather, type GatherOptions } from "../../src/gather/gather.ts";
import { promClientStore } from "../../src/gather/prom_client_store.ts";
import type { Format } from "../../src/formats/format.ts";
import { negotiateFormat } from "../../src/page/negotiation.ts";
import { FormattedPage, type FormattedPageOptions } from "../../src/formats/formatted_page.ts";
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
export type RenderOptions = Partial<GatherOptions & FormattedPageOptions> & { runtime?: Runtime };

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
  const source = { runtime: still, core, registry, store: promClientStore };
  const gathered = await gather(source, { timeoutSeconds: 5, ...options });
  const failed = (name: string): void => core?.self.fail(`metric:${name}`);
  const page = new FormattedPage(gathered, { format: formats.text, failed, ...options });
  const text = [...page.pieces()].join("");
  core?.self.finishedPage(runtime.now() - begin, page.series, text.length);
  return text;
}

/** Reads what a foreign metric has answered, in one go. */
export function collected(answer: CollectedLike): FamilySnapshot[] {
  const steps = readCollected(answer);
  let step = steps.next();
  while (!step.done) step = steps.next();
  return step.value;
}

/**
 * What all copies tell, as one page.
 *
 * @module
 */

import type { FamilySnapshot, Labels } from "../gather/family_snapshot.ts";
import type { Gathered } from "../gather/gather.ts";
import type { Slices } from "../gather/loop_budget.ts";
import { copiesEntries } from "../metrics/catalog/copies.ts";
import { inheritedPart } from "./inherited_sums.ts";
import { type CopyPart, joinFamilies } from "./join_families.ts";
import type { Report } from "./report.ts";

/** This copy at the moment of the page. */
export interface OwnPart {
  readonly id: string;
  readonly copy: string;
  readonly process: string;
  readonly own: Gathered;
  readonly inherited: readonly FamilySnapshot[];
}

/** Another copy as of its newest report. */
export interface OtherPart {
  readonly report: Report;
  readonly process: string;
  readonly hasEnded: boolean;
}

export type CopyStates = Readonly<Record<"alive" | "late" | "ended", number>>;

export interface JoinOptions {
  /** What our own metrics begin with. */
  readonly prefix: string;
  readonly states: CopyStates;
  readonly slices: Slices;
  /** Called with the name of each family of which something could not be joined. */
  failed(name: string): void;
  /** Called for each family that could not be read. */
  unread(): void;
}

export async function joinPage(own: OwnPart, others: readonly OtherPart[], options: JoinOptions): Promise<Gathered> {
  const { prefix, states, slices, failed, unread } = options;
  const nameOf = namesOf([own, ...others.filter(({ hasEnded }) => !hasEnded).map(({ report }) => report.head)]);
  const parts: CopyPart[] = [
    { ...own.own, copy: nameOf(own), process: own.process, isLiving: true },
    inheritedPart(own.id, own.inherited),
  ];
  for (const { report, process, hasEnded } of others) {
    const { id, labels } = report.head;
    const { own: families, inherited } = await report.families(slices, unread);
    parts.push({ copy: nameOf(report.head), process, isLiving: !hasEnded, families, labels });
    parts.push(inheritedPart(id, inherited));
  }
  // What was inherited has its labels already; where there is nothing of it, nothing has to be told apart.
  const told = parts.filter(({ families }) => families.length > 0);
  const { families, labels } = await slices.drain(joinFamilies(told, failed));
  return { families: [...families, statesFamily(prefix, states)], labels };
}

/** Those that are called alike get a part of their ids. */
export function namesOf(
  copies: readonly { id: string; copy: string }[],
): (copy: { id: string; copy: string }) => string {
  const times = new Map<string, number>();
  for (const { copy } of copies) times.set(copy, (times.get(copy) ?? 0) + 1);
  return ({ id, copy }) => (times.get(copy) ?? 0) > 1 ? `${copy}-${id.slice(0, 4)}` : copy;
}

function statesFamily(prefix: string, states: CopyStates): FamilySnapshot {
  const { name, help } = copiesEntries[0]!;
  const names = Object.keys(states);
  return {
    ...{ kind: "numbers", name: prefix + name, help, type: "gauge", isForeign: false, size: names.length, lost: 0 },
    written: { text: (index) => `state="${names[index]}"`, names: ["state"] },
    labels: (index): Labels => ({ state: names[index]! }),
    numbers: Object.values(states),
    exemplars: undefined,
    createdAt: undefined,
  };
}

/**
 * What copies send each other: a line of JSON, and reports behind it.
 *
 * @module
 */

import { isObject } from "../check.ts";
import { isCount, must } from "./number_wire.ts";
import { isId, readHead, Report } from "./report.ts";

/** Raised when copies of one version can no longer be understood by another. */
export const protocol = 1;

/** What is known of a copy: its newest report, and whether it has ended. */
export type DigestEntry = readonly [id: string, report: number, hasEnded: 0 | 1];

/** Which report of a copy a page was made of: by the number of what it told, and of what was read from its memory. */
export type ShownReport = readonly [id: string, told: number, read: number];

/**
 * What a message is for: `hello` and its answer `here`; `ask` for a report, and `tell`; `give` of others' reports, and
 * `know`, which is answered with `kept` where it is about a page; the same goes for the sums that were `shown` on one; `adopt`, to inherit the sums of what has ended; `question` of
 * a door to the same one of another copy, and its `answer`; `bye` and `gone` of what ends.
 */
export type MessageKind = typeof kinds[number];

const kinds = [
  "hello",
  "here",
  "ask",
  "tell",
  "give",
  "know",
  "kept",
  "shown",
  "adopt",
  "question",
  "answer",
  "bye",
  "gone",
] as const;

/** The first line. */
export interface MessageHead {
  readonly version: number;
  readonly group: string;
  readonly kind: MessageKind;
  readonly from: string;
  /** For whom it is; for everybody where it is absent. */
  readonly to?: string;
  /** Which page it is about. */
  readonly round?: number;
  /** When it was sent, as Unix time in seconds. */
  readonly at: number;
  /** What the sender knows of all others. */
  readonly digest?: readonly DigestEntry[];
  /** What a page was made of that has shown what is told. */
  readonly shown?: readonly ShownReport[];
  /** Whose reports are wanted, or who is gone. */
  readonly ids?: readonly string[];
  /** The process of the sender, which the threads of one agree on. */
  readonly process?: string;
  readonly bornAt?: number;
  /** Which door a question is for, and the text of a question or an answer; an answer without one says that there is none. */
  readonly door?: string;
  readonly text?: string;
  /** The sender reads the memory of its process' other threads, and need not be sent what is there. */
  readonly reads?: true;
  readonly reports: number;
}

export interface Message {
  readonly head: MessageHead;
  readonly reports: readonly Report[];
}

export function messageText(head: Omit<MessageHead, "version" | "reports">, reports: readonly Report[] = []): string {
  const first = JSON.stringify({ version: protocol, ...head, reports: reports.length });
  return [first, ...reports.flatMap((report) => report.lines())].join("\n");
}

/** Reads the first line alone, for who only passes a message on; throws where it is none. */
export function readMessageHead(text: string): MessageHead {
  const end = text.indexOf("\n");
  const head = JSON.parse(end < 0 ? text : text.slice(0, end)) as MessageHead;
  const isRight = isObject(head) && Number.isInteger(head.version) &&
    typeof head.group === "string" && isId(head.from) && (head.to === undefined || isId(head.to));
  must(isRight, "a message");
  return head;
}

/** Reads a message of this version; throws where it is none. */
export function readMessage(head: MessageHead, whole: string): Message {
  const { kind, round, at, digest = [], shown = [], ids = [], process, bornAt, door, text, reports: count } = head;
  const isRight = kinds.includes(kind) && (round === undefined || isCount(round)) && Number.isFinite(at) &&
    isCount(count) && Array.isArray(ids) && ids.every(isId) && Array.isArray(digest) && digest.every(isEntry) &&
    Array.isArray(shown) && shown.every(isShown) &&
    (process === undefined || isId(process)) && (bornAt === undefined || Number.isFinite(bornAt)) &&
    (door === undefined || typeof door === "string") && (text === undefined || typeof text === "string");
  must(isRight, "a message");
  const lines = count > 0 ? whole.split("\n") : [];
  const reports: Report[] = [];
  for (let at = 1; reports.length < count;) {
    must(at < lines.length, "the end of a message");
    const reportHead = readHead(lines[at]!);
    const end = at + 1 + reportHead.lines;
    must(end <= lines.length, "the end of a message");
    reports.push(new Report(reportHead, lines.slice(at + 1, end)));
    at = end;
  }
  return { head, reports };
}

function isShown(value: unknown): value is ShownReport {
  return Array.isArray(value) && value.length === 3 && isId(value[0]) && isCount(value[1]) && isCount(value[2]);
}

function isEntry(value: unknown): value is DigestEntry {
  return Array.isArray(value) && value.length === 3 && isId(value[0]) && isCount(value[1]) &&
    (value[2] === 0 || value[2] === 1);
}

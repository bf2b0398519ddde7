import { execSync } from "node:child_process";
import { pbkdf2Sync } from "node:crypto";
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";

// Ten ways to hold the loop, each by a function of its own that nothing else calls. What they need is made before.

/** How long each of them holds the loop at least, in seconds. */
export const heldSeconds = 0.4;

const inAWhile = (): number => performance.now() + heldSeconds * 1000;

let json = "";

/** Makes what they need, so that only they hold the loop. */
export function prepareCulprits(): void {
  json = `[${"12345678,".repeat(50 * 2 ** 20 / 9)}0]`;
}

function parseExport(): number {
  // Not `return JSON.parse(json)`: that is a tail call, for which Bun's engine gives up the frame of whoever makes it.
  const rows = JSON.parse(json); // holds
  return rows.length;
}

function checkAddress(): void {
  // Each letter more doubles the time.
  for (let length = 22, end = inAWhile(); performance.now() < end; length++) {
    const address = `${"a".repeat(length)}!`;
    /^(a+)+$/.test(address); // holds
  }
}

function hashPassword(): void {
  for (const end = inAWhile(); performance.now() < end;) {
    const salt = "salt";
    pbkdf2Sync("secret", salt, 100_000, 64, "sha512"); // holds
  }
}

function byTotal(a: { total: number }, b: { total: number }): number {
  const [first, second] = [String(a.total), String(b.total)]; // holds
  return first.localeCompare(second); // holds
}

function sortOrders(): void {
  for (const end = inAWhile(); performance.now() < end;) {
    const orders = Array.from({ length: 20_000 }, (_, i) => ({ total: (i * 7919) % 20_011 }));
    orders.sort(byTotal); // holds
  }
}

function sumOfDigits(): number {
  let sum = 0;
  for (const end = inAWhile(); performance.now() < end;) { // holds
    for (let i = 0; i < 10_000; i++) sum += i % 10; // holds
  }
  return sum;
}

function checkInvoice(): number {
  const sum = sumOfDigits();
  return sum + 1;
}

function readInvoice(): number {
  const sum = checkInvoice();
  return sum + 1;
}

function openInvoice(): number {
  const sum = readInvoice();
  return sum + 1;
}

function makeInvoice(): number {
  const sum = openInvoice();
  return sum + 1;
}

async function loadProfile(): Promise<number> {
  await new Promise((resolve) => setTimeout(resolve, 30));
  let sum = 0;
  for (const end = inAWhile(); performance.now() < end;) { // holds
    for (let i = 0; i < 10_000; i++) sum += Math.sqrt(i); // holds
  }
  return sum;
}

function everyMinute(): void {
  let sum = 0;
  for (const end = inAWhile(); performance.now() < end;) { // holds
    for (let i = 0; i < 10_000; i++) sum += Math.sqrt(i); // holds
  }
}

async function drainQueue(): Promise<number> {
  let sum = 0;
  for (const end = inAWhile(); performance.now() < end;) { // holds
    for (let i = 0; i < 10_000; i++) sum += await i; // holds
  }
  return sum;
}

function runConverter(): void {
  const command = `sleep ${heldSeconds}`;
  execSync(command); // holds
}

const lock = new Int32Array(new SharedArrayBuffer(4));

function takeLock(): void {
  const milliseconds = heldSeconds * 1000;
  Atomics.wait(lock, 0, 0, milliseconds); // holds
}

/** One way to hold the loop. */
export interface Culprit {
  name: string;
  act: () => unknown;
  /** Whose fault it is: whoever calls, or what is called in the end. */
  functions: readonly string[];
}

/** All of them; `act` answers when the loop is free again. */
export const culprits: readonly Culprit[] = [
  { name: "JSON.parse of 50 MB", act: parseExport, functions: ["parseExport"] },
  { name: "a catastrophic regular expression", act: checkAddress, functions: ["checkAddress"] },
  { name: "pbkdf2Sync", act: hashPassword, functions: ["hashPassword"] },
  { name: "a sort with a comparator", act: sortOrders, functions: ["byTotal", "sortOrders"] },
  { name: "a call five deep", act: makeInvoice, functions: ["sumOfDigits"] },
  { name: "a block behind an await", act: loadProfile, functions: ["loadProfile"] },
  { name: "a timer", act: () => void setTimeout(everyMinute, 10), functions: ["everyMinute"] },
  { name: "a storm of microtasks", act: drainQueue, functions: ["drainQueue"] },
  { name: "execSync", act: runConverter, functions: ["runConverter"] },
  { name: "Atomics.wait", act: takeLock, functions: ["takeLock"] },
];

/** This file, as it is written. */
export const culpritFile: string = fileURLToPath(import.meta.url);

/** The lines of this file on which a function holds the loop. */
export function linesOf(functionName: string): number[] {
  const lines = readFileSync(culpritFile, "utf8").split("\n");
  const first = lines.findIndex((line) => line.includes(`function ${functionName}(`));
  const end = lines.indexOf("}", first);
  return [...lines.keys()].filter((i) => i > first && i < end && lines[i]!.endsWith("// holds")).map((i) => i + 1);
}

/** The line on which a function of this file begins. */
export function lineOf(functionName: string): number {
  const lines = readFileSync(culpritFile, "utf8").split("\n");
  return lines.findIndex((line) => line.includes(`function ${functionName}(`)) + 1;
}

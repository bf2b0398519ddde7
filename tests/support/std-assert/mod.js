// The typed door to @std/assert: JSR's own package is not on npm, and its mirror there (deno-std) carries no types.
export * from "deno-std/assert/mod.js";

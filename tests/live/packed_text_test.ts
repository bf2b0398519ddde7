import { describe, it } from "node:test";
import { constants, deflateRawSync, gunzipSync } from "node:zlib";
import { assert, assertEquals } from "@std/assert";
import { through } from "../../src/live/compression.ts";
import { gzipDocument } from "../../src/live/document.ts";
import { gzipOf, type PackedText, sumsOf } from "../../src/live/packed_text.ts";

/** Unpacks by the web's own stream and by zlib, which both compare the checksum and the length. */
async function unpacked(bytes: Uint8Array<ArrayBuffer>): Promise<string> {
  const text = gunzipSync(bytes).toString();
  assertEquals(new TextDecoder().decode(await through(new DecompressionStream("gzip"), bytes)), text);
  return text;
}

function packed(text: string): PackedText {
  const bytes = new TextEncoder().encode(text);
  const deflated = deflateRawSync(bytes, { finishFlush: constants.Z_SYNC_FLUSH }).toString("base64");
  return { deflated: () => deflated, ...sumsOf(bytes) };
}

describe("texts that were packed before", () => {
  const long = Array.from({ length: 9000 }, (_, i) => `${i} ütf-8 \u{1f600}`).join();
  for (
    const [name, texts] of Object.entries<readonly (readonly [string, "packed" | "plain"])[]>({
      "no text": [],
      "a short one": [["short", "plain"]],
      "a packed one": [[long, "packed"]],
      "an empty one": [["", "packed"], ["", "plain"]],
      "short and packed ones in turn": [["é", "plain"], ["b", "packed"], ["", "plain"], [long, "packed"], [
        "x",
        "plain",
      ]],
      "one that fills more than a block": [["before", "packed"], [long, "plain"], ["behind", "packed"]],
    })
  ) {
    it(`are one gzip stream: ${name}`, async () => {
      const pieces = texts.map(([text, how]) => how === "packed" ? packed(text) : text);
      assertEquals(await unpacked(gzipOf(pieces)), texts.map(([text]) => text).join(""));
    });
  }

  it("are the document, with one nonce for its script and its style", async () => {
    const text = await unpacked(gzipDocument("bm9uY2U="));
    assertEquals(text.match(/<(?:script|style) nonce="bm9uY2U=">/g)?.length, 2);
    assert(text.startsWith("<!doctype html>") && text.trimEnd().endsWith("</html>"));
  });
});

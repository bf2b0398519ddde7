import { describe, it } from "node:test";
import { assertEquals } from "@std/assert";
import { type AnswerFacts, responseEnd } from "../../src/http/response_end.ts";

const plain: AnswerFacts = {
  status: 200,
  isUpgrade: false,
  body: "ready",
  readyLength: 5,
  hasMessage: false,
  asksServer: false,
  isListening: false,
  wantsSize: false,
};

const cases: [title: string, facts: Partial<AnswerFacts>, end: ReturnType<typeof responseEnd>][] = [
  ["101 is a WebSocket", { status: 101, body: "none" }, "upgrade"],
  ["a connection that was upgraded is one, whatever the status says", { isUpgrade: true, body: "none" }, "upgrade"],
  ["what stands ready is over with its answer where no message tells more", {}, "answer"],
  ["so is what has no body", { body: "none" }, "answer"],
  ["so is a body that somebody else reads", { body: "taken" }, "answer"],
  ["a stream is over when it was read", { body: "stream" }, "body"],
  ["a server that can be asked is asked about a body over a socket's buffer", {
    asksServer: true,
    readyLength: 16_385,
  }, "server"],
  ["and about one of unknown length", { asksServer: true, readyLength: undefined }, "server"],
  ["but not about a small one", { asksServer: true }, "answer"],
  ["nor where there is none", { asksServer: true, body: "none" }, "answer"],
  ["Node's message has a small body when the turn is over", { hasMessage: true }, "turn"],
  ["and so it has none at all", { hasMessage: true, body: "none" }, "turn"],
  ["a body over a socket's buffer is told by the message", { hasMessage: true, readyLength: 16_385 }, "message"],
  ["a body of unknown length is, too", { hasMessage: true, readyLength: undefined }, "message"],
  ["a stream is, too", { hasMessage: true, body: "stream" }, "message"],
  ["whose size is wanted is, too", { hasMessage: true, wantsSize: true }, "message"],
  ["a message that is listened to tells in any case", { hasMessage: true, isListening: true, body: "none" }, "message"],
];

describe("the end of a response", () => {
  for (const [title, facts, end] of cases) {
    it(title, () => assertEquals(responseEnd({ ...plain, ...facts }), end));
  }
});

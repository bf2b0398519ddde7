import { describe, it } from "node:test";
import { assertEquals } from "@std/assert";
import { type Answering, AnswerSlots, unanswered, unkept } from "../../src/http/answer_slots.ts";

/** Finds kinds of answers, and marks the slots of a new one by its key. */
function finder(answers: AnswerSlots, meters: number) {
  let planned = 0;
  const find = (route: Answering, key: number): number[] => {
    const at = answers.find(route, key, (first) => {
      planned++;
      for (let i = 0; i < meters; i++) answers.slots[first + i] = key * 10 + i;
    });
    return [...answers.slots.subarray(at, at + meters)];
  };
  return { find, planned: () => planned };
}

describe("AnswerSlots", () => {
  it("keep the slots of each kind of each route, however many there are and in whatever order they come", () => {
    const answers = new AnswerSlots(2);
    const { find, planned } = finder(answers, 2);
    const routes = Array.from({ length: 50 }, (): Answering => ({ newest: unanswered }));
    for (let round = 0; round < 3; round++) {
      for (const [i, route] of routes.entries()) {
        for (let kind = 0; kind < i % 9; kind++) {
          const key = 100 + (kind * 5 + round * 2) % 9;
          assertEquals(find(route, key), [key * 10, key * 10 + 1]);
        }
      }
    }
    const again = planned();
    for (const [i, route] of routes.entries()) if (i % 9 === 8) find(route, 100);
    assertEquals(planned() - again <= routes.length, true);
    const [one, two] = [routes[8]!, routes[17]!];
    answers.slots[one.newest + 2] = 7;
    assertEquals(answers.slots[two.newest + 2] === 7, false);
    const before = planned();
    assertEquals(find(one, answers.slots[one.newest]!)[0], 7);
    assertEquals(planned(), before);
  });

  it("keep nothing of routes beyond the limit: their slots are found anew each time", () => {
    const answers = new AnswerSlots(1);
    const { find, planned } = finder(answers, 1);
    for (let i = 0; i < 1000; i++) assertEquals(find({ newest: unkept }, i), [i * 10]);
    assertEquals(planned(), 1000);
    assertEquals(answers.slots.length < 50, true);
    // A route that is kept is not taken for one of them.
    assertEquals(find({ newest: unanswered }, 3), [30]);
  });
});

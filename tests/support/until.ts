import { setTimeout as delay } from "node:timers/promises";

/**
 * Asks again until the answer is good, for what happens soon but at no certain moment.
 *
 * @param ask Asked at once, and a pause after each answer that was not good.
 * @param good Tells whether the answer is the one that is waited for.
 * @param timeoutSeconds When to give up.
 * @param pauseSeconds Longer where asking itself must not make the loop late on a busy machine.
 * @returns The first good answer; the newest one after the time is up, for the test to fail on.
 */
export async function until<Answer>(
  ask: () => Promise<Answer>,
  good: (answer: Answer) => boolean,
  timeoutSeconds = 10,
  pauseSeconds = 0.01,
): Promise<Answer> {
  const end = performance.now() + timeoutSeconds * 1000;
  let answer = await ask();
  while (!good(answer) && performance.now() < end) {
    await delay(pauseSeconds * 1000);
    answer = await ask();
  }
  return answer;
}

/**
 * The moment that is looked at: under the pointer in one chart, or chosen by arrow keys, and shown in all of them.
 *
 * @module
 */

import { h } from "./dom.ts";

type Listener = (unixSeconds: number | undefined) => void;

const listeners = new Set<Listener>();
let moment: number | undefined;

/** The moment, as Unix time; undefined where nobody points at one. */
export function momentNow(): number | undefined {
  return moment;
}

/** Calls back when another moment is looked at. */
export function onMoment(listener: Listener): void {
  listeners.add(listener);
}

function setMoment(unixSeconds: number | undefined): void {
  if (moment === unixSeconds) return;
  moment = unixSeconds;
  for (const listener of listeners) listener(moment);
}

/** Where a chart's time axis lies within its element, in pixels. */
export interface Axis {
  readonly left: number;
  readonly width: number;
}

/** What a picture over time stands in: it is pointed at, and walked along by arrow keys. */
export class Timeline {
  readonly element: HTMLElement;
  readonly #line: HTMLElement = h("div", { class: "moment", "aria-hidden": "true" });
  readonly #axis: () => Axis;
  #range: readonly [from: number, to: number] = [0, 1];

  constructor(title: string, axis: () => Axis, ...children: Node[]) {
    this.#axis = axis;
    this.#line.hidden = true;
    this.element = h(
      "div",
      {
        class: "timeline",
        role: "slider",
        tabindex: "0",
        "aria-label": title,
        onpointermove: (event) => this.#point(event as PointerEvent),
        onpointerdown: (event) => this.#point(event as PointerEvent),
        onpointerleave: () => setMoment(undefined),
        onblur: () => setMoment(undefined),
        onkeydown: (event) => this.#walk(event as KeyboardEvent),
      },
      ...children,
      this.#line,
    );
    onMoment(() => this.#draw());
  }

  /** Says which time is shown. */
  show(from: number, to: number): void {
    this.#range = [from, to];
    this.element.setAttribute("aria-valuemin", String(Math.round(from)));
    this.element.setAttribute("aria-valuemax", String(Math.round(to)));
    this.#draw();
  }

  /** Says what is to be seen at the moment. */
  tell(text: string): void {
    if (this.element.getAttribute("aria-valuetext") !== text) this.element.setAttribute("aria-valuetext", text);
  }

  #draw(): void {
    const [from, to] = this.#range;
    this.element.setAttribute("aria-valuenow", String(Math.round(moment ?? to)));
    this.#line.hidden = moment === undefined || moment < from || moment > to;
    if (this.#line.hidden) return;
    const { left, width } = this.#axis();
    this.#line.style.left = `${left + (moment! - from) / (to - from) * width}px`;
  }

  #point({ clientX }: PointerEvent): void {
    const [from, to] = this.#range;
    const { left, width } = this.#axis();
    const share = (clientX - this.element.getBoundingClientRect().left - left) / width;
    setMoment(share < 0 || share > 1 ? undefined : from + share * (to - from));
  }

  #walk(event: KeyboardEvent): void {
    const [from, to] = this.#range;
    const step = Math.max(1, (to - from) / 60);
    const now = moment ?? to;
    const next: Record<string, number | undefined> = {
      ArrowLeft: now - step,
      ArrowRight: now + step,
      Home: from,
      End: to,
      Escape: undefined,
    };
    if (!Object.hasOwn(next, event.key)) return;
    event.preventDefault();
    const chosen = next[event.key];
    setMoment(chosen === undefined ? undefined : Math.min(to, Math.max(from, chosen)));
  }
}

/**
 * A chart as a picture to send around.
 *
 * @module
 */

import { h } from "./dom.ts";
import { colour } from "./theme.ts";

/** Room for the words above the chart, in pixels. */
const top = 44;

/** A button that offers a chart's canvas as a PNG, with its title, what its legend says and its end as Unix time. */
export function pictureButton(
  title: string,
  canvasOf: () => HTMLCanvasElement | null | undefined,
  legendOf: () => string,
  endOf: () => number,
): HTMLButtonElement {
  const offer = (): void => {
    const canvas = canvasOf();
    if (!canvas) return;
    // By the server's clock, as all times of the page.
    const legend = `${legendOf()} · ${new Date(endOf() * 1000).toISOString().slice(0, 19)}Z`;
    draw(canvas, title, legend).toBlob((blob) => blob && download(blob, `${title.split(/\W/)[0]}.png`));
  };
  return h("button", { type: "button", "aria-label": `PNG of ${title}`, onclick: offer }, "PNG");
}

function draw(chart: HTMLCanvasElement, title: string, legend: string): HTMLCanvasElement {
  const ratio = devicePixelRatio;
  const picture = h("canvas");
  picture.width = chart.width;
  picture.height = chart.height + top * ratio;
  const context = picture.getContext("2d")!;
  // A canvas is transparent, and a picture of pale words would be read on white.
  context.fillStyle = colour("surface");
  context.fillRect(0, 0, picture.width, picture.height);
  context.drawImage(chart, 0, top * ratio);
  context.scale(ratio, ratio);
  context.fillStyle = colour("ink");
  context.font = "600 13px system-ui, sans-serif";
  context.fillText(title, 8, 18);
  context.fillStyle = colour("dim");
  context.font = "11px system-ui, sans-serif";
  context.fillText(legend, 8, 36);
  return picture;
}

function download(blob: Blob, name: string): void {
  const url = URL.createObjectURL(blob);
  const link = h("a", { href: url, download: name });
  link.click();
  setTimeout(() => URL.revokeObjectURL(url), 10_000);
}

import type { CurveChart } from '../curves/catalogue.ts';
import { themeColour } from './plot-options.ts';
import { pngOf } from './png.ts';

/** A plot as a picture that stands alone: on paper of the theme's colour, with its title and the names of its lines. */
export function picture(
  plot: HTMLCanvasElement | undefined,
  title: string,
  chart: CurveChart,
): Promise<Blob> {
  if (plot === undefined) return Promise.reject(new Error('nothing is drawn yet'));
  const scale = plot.width / Math.max(1, plot.clientWidth);
  const [pad, head] = [16 * scale, 64 * scale];
  const canvas = document.createElement('canvas');
  canvas.width = plot.width + 2 * pad;
  canvas.height = plot.height + head + pad;
  const ctx = canvas.getContext('2d');
  if (ctx === null) return Promise.reject(new Error('no canvas'));
  ctx.fillStyle = themeColour('--surface');
  ctx.fillRect(0, 0, canvas.width, canvas.height);
  ctx.fillStyle = themeColour('--ink');
  ctx.font = `600 ${16 * scale}px system-ui, sans-serif`;
  ctx.fillText(title, pad, 26 * scale);
  ctx.font = `${13 * scale}px system-ui, sans-serif`;
  let x = pad;
  for (const { label, colour } of chart.series) {
    ctx.fillStyle = themeColour(colour);
    ctx.fillRect(x, 41 * scale, 14 * scale, 4 * scale);
    x += 20 * scale;
    ctx.fillStyle = themeColour('--ink-soft');
    ctx.fillText(label, x, 48 * scale);
    x += ctx.measureText(label).width + 20 * scale;
  }
  ctx.drawImage(plot, pad, head);
  return pngOf(canvas);
}

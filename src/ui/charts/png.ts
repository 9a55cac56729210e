/** What is on a canvas, as a PNG. Rejects where the browser makes none, as of one that is too large. */
export function pngOf(canvas: HTMLCanvasElement): Promise<Blob> {
  return new Promise((resolve, reject) => {
    canvas.toBlob((blob) => {
      if (blob === null) reject(new Error('The browser made no picture of it.'));
      else resolve(blob);
    }, 'image/png');
  });
}

import type { Browser } from 'playwright';
import type { VolunteerPage } from './volunteer-page.ts';

const tab = { width: 520, height: 1330 };

/** One PNG of all tabs side by side, as they are now. */
export async function takePicture(
  browser: Browser,
  pages: readonly VolunteerPage[],
  path: string,
): Promise<void> {
  const shots: string[] = [];
  for (const { page } of pages) {
    const before = page.viewportSize();
    await page.setViewportSize(tab);
    // The chart redraws itself in the frame after its size changed.
    await page.evaluate(
      () => new Promise((resolve) => requestAnimationFrame(() => requestAnimationFrame(resolve))),
    );
    shots.push((await page.screenshot()).toString('base64'));
    if (before !== null) await page.setViewportSize(before);
  }
  const gap = 12;
  const viewport = { width: shots.length * (tab.width + gap) + gap, height: tab.height + 2 * gap };
  const sheet = await browser.newPage({ viewport });
  const images = shots.map(
    (shot) => `<img src="data:image/png;base64,${shot}" width="${tab.width}" height="${tab.height}">`,
  );
  await sheet.setContent(
    `<body style="margin:0;padding:${gap}px;display:flex;gap:${gap}px;background:#808890">${images.join('')}</body>`,
  );
  await sheet.screenshot({ path });
  await sheet.close();
}

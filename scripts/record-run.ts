/**
 * Trains a run in real tabs and keeps its recording, saved by the button of the page:
 * `node scripts/run.mjs scripts/record-run.ts --out public/recordings/nano.json [--volunteers 3] [--rounds 120] [--minutes 3]`.
 * The recording is of the first tab, which trains along.
 */
import { parseArgs } from 'node:util';
import { createSignalingServer } from '../signaling-server/server.ts';
import { launchChromium } from './swarm/browser.ts';
import { VolunteerPage } from './swarm/volunteer-page.ts';

/** Long enough to notice that the last round has been told to everyone. */
const restMs = 1_500;

export async function main(args: readonly string[]): Promise<void> {
  const { values } = parseArgs({
    args: [...args],
    options: {
      out: { type: 'string' },
      volunteers: { type: 'string', default: '3' },
      rounds: { type: 'string', default: '120' },
      minutes: { type: 'string', default: '3' },
      room: { type: 'string', default: 'first-words' },
    },
  });
  const { out, room } = values;
  const [volunteers, rounds, minutes] = [values.volunteers, values.rounds, values.minutes].map(Number);
  if (out === undefined || !volunteers || !rounds || !minutes)
    throw new Error('usage: --out file.json [--volunteers 3] [--rounds 120] [--minutes 3] [--room name]');
  const server = await createSignalingServer({ port: 0, host: '127.0.0.1' });
  const browser = await launchChromium();
  try {
    const pages: VolunteerPage[] = [];
    for (let i = 0; i < volunteers; i++) {
      const page = await VolunteerPage.open(browser, { origin: server.url, room, preset: 'nano', rounds });
      pages.push(page);
      if (i > 0) await page.until('the run', ({ view }) => view.run !== undefined);
      await page.join();
      await page.until('the run to be announced', ({ view }) => view.run !== undefined);
    }
    const [first] = pages;
    if (first === undefined) return;
    const deadline = performance.now() + 60_000 * minutes;
    for (;;) {
      const { volunteer } = await first.snapshot();
      if (volunteer?.state === 'finished' || (volunteer?.round ?? 0) >= rounds) break;
      if (volunteer?.state === 'failed') throw new Error(volunteer.reason);
      if (performance.now() > deadline) break;
      await first.page.waitForTimeout(500);
    }
    await first.page.waitForTimeout(restMs);
    const [download] = await Promise.all([
      first.page.waitForEvent('download'),
      first.page.getByTestId('save-recording').click(),
    ]);
    await download.saveAs(out);
    const { volunteer } = await first.snapshot();
    console.log(`${out}: ${volunteer?.round} rounds, loss ${volunteer?.trainLoss?.toFixed(3)}`);
  } finally {
    await browser.close();
    await server.close();
  }
}

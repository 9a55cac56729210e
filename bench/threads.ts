import { readdir, readFile } from 'node:fs/promises';
import type { Browser } from 'playwright';

/** What ends in a number is one of many alike: SwiftShader's `Thread<03>`, say. */
const familyOf = (thread: string): string => thread.replace(/[<\d>/#-]+$/, '');

/** By process and thread number: what it is called, and its processor time so far, ms. */
export type ThreadTimes = ReadonlyMap<string, { readonly name: string; readonly ms: number }>;

/**
 * Processor time of every thread of a browser so far. Linux alone keeps it to the nanosecond: the first number of
 * `/proc/<pid>/task/<tid>/schedstat`.
 */
export async function threadTimes(browser: Browser): Promise<ThreadTimes> {
  const session = await browser.newBrowserCDPSession();
  const { processInfo } = await session.send('SystemInfo.getProcessInfo');
  await session.detach();
  const times = new Map<string, { name: string; ms: number }>();
  for (const { type, id } of processInfo) {
    const tasks = `/proc/${id}/task`;
    // It may have ended meanwhile.
    for (const tid of await readdir(tasks).catch(() => [])) {
      const thread = await read(`${tasks}/${tid}`);
      if (thread === undefined) continue;
      times.set(`${id}/${tid}`, { name: `${type}/${familyOf(thread.name)}`, ms: thread.ms });
    }
  }
  return times;
}

/** What threads of a name took between two looks, ms. One that ended in between is left out: what it took last is not known. */
export function threadsBetween(from: ThreadTimes, to: ThreadTimes): ReadonlyMap<string, number> {
  const took = new Map<string, number>();
  for (const [id, { name, ms }] of to) {
    took.set(name, (took.get(name) ?? 0) + ms - (from.get(id)?.ms ?? 0));
  }
  return took;
}

/** Undefined: it ended meanwhile. */
async function read(folder: string): Promise<{ readonly name: string; readonly ms: number } | undefined> {
  try {
    const [name, times] = await Promise.all(
      ['comm', 'schedstat'].map((file) => readFile(`${folder}/${file}`, 'utf8')),
    );
    return { name: name?.trim() ?? '', ms: Number(times?.split(' ')[0]) / 1e6 };
  } catch {
    return undefined;
  }
}

import { readdir, readFile } from 'node:fs/promises';
import type { Browser } from 'playwright';

/** What ends in a number is one of many alike: SwiftShader's `Thread<03>`, say. */
const familyOf = (thread: string): string => thread.replace(/[<\d>/#-]+$/, '');

/**
 * Processor time of the threads of a browser so far, ms, by `process/thread`; those of a name together. Of threads that ended it
 * is gone. Linux alone keeps it to the nanosecond: the first number of `/proc/<pid>/task/<tid>/schedstat`.
 */
export async function threadTimes(browser: Browser): Promise<ReadonlyMap<string, number>> {
  const session = await browser.newBrowserCDPSession();
  const { processInfo } = await session.send('SystemInfo.getProcessInfo');
  await session.detach();
  const times = new Map<string, number>();
  for (const { type, id } of processInfo) {
    const tasks = `/proc/${id}/task`;
    for (const tid of await readdir(tasks)) {
      const thread = await read(`${tasks}/${tid}`);
      if (thread === undefined) continue;
      const name = `${type}/${familyOf(thread.name)}`;
      times.set(name, (times.get(name) ?? 0) + thread.ms);
    }
  }
  return times;
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

import type * as Y from 'yjs';
import {
  decimate,
  maxCurvePoints,
  maxRecords,
  readPast,
  readRecord,
  type CurveAnnouncement,
  type Past,
  type RecordAnnouncement,
} from './announcements.ts';

/** Takes what a reader made of an entry: undefined is malformed. */
export type WellFormed = <T>(found: T | undefined) => readonly T[];
export const orNothing: WellFormed = (found) => (found === undefined ? [] : [found]);

/**
 * What a page of the document and what is known besides say of the past: the newest 8 records and at most 256 points of the
 * curve. Where both know a round, the page counts. Rounds above
 * `upTo` are left out.
 */
export function readPage(
  page: Y.Map<unknown> | undefined,
  wellFormed: WellFormed,
  known: Past = { records: [], curve: [] },
  upTo = Infinity,
): Past {
  const records = new Map<number, RecordAnnouncement>();
  const curve = new Map<number, CurveAnnouncement>();
  const past = page?.has('past') === true ? wellFormed(readPast(page.get('past'))) : [];
  for (const { records: heads, curve: points } of [known, ...past]) {
    for (const record of heads) if (record.round <= upTo) records.set(record.round, record);
    for (const point of points) if (point.round <= upTo) curve.set(point.round, point);
  }
  for (const [key, value] of page?.entries() ?? []) {
    if (key === 'past' || key === 'sample') continue;
    const found = readRecord(value);
    for (const record of wellFormed(String(found?.round) === key ? found : undefined)) {
      const { round, train, validation } = record;
      if (round > upTo) continue;
      records.set(round, record);
      if (train !== undefined) curve.set(round, { round, train, validation });
    }
  }
  const points = ascending(curve);
  const rounds = points.map(({ round }) => round);
  const kept = new Set(decimate(rounds, maxCurvePoints));
  return {
    records: ascending(records).slice(-maxRecords),
    curve: points.filter(({ round }) => kept.has(round)),
  };
}

const ascending = <T extends { round: number }>(found: Map<number, T>): T[] =>
  [...found.values()].sort((a, b) => a.round - b.round);

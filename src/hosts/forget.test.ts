import { expect, test, vi } from 'vitest';
import { forgetEverything, ownDatabases, type Forgettable } from './forget.ts';

function store(...names: string[]) {
  const kept = new Map(names.map((name) => [name, '1']));
  return {
    kept,
    get length() {
      return kept.size;
    },
    key: (at: number) => [...kept.keys()][at] ?? null,
    removeItem: (name: string) => {
      kept.delete(name);
    },
  };
}

const browser = (change: Partial<Forgettable> = {}) => {
  const deleted: string[] = [];
  const stores = [
    store('starling-comfort', 'other-site', 'starling/slot', 'starlings', 'starling'),
    store('starling/wish'),
  ];
  const kept: Forgettable = {
    databases: () => Promise.resolve(['starling', 'starling-tuning', 'starling-new', 'their-data']),
    deleteDatabase: (name) => {
      deleted.push(name);
      return Promise.resolve();
    },
    stores,
    ...change,
  };
  return { kept, deleted, stores };
};

test('everything of ours goes, and nothing of other pages at the same origin', async () => {
  const { kept, deleted, stores } = browser();
  await forgetEverything(kept);
  expect(deleted).toEqual(['starling', 'starling-tuning', 'starling-new']);
  expect(stores.map(({ kept: left }) => [...left.keys()])).toEqual([['other-site', 'starlings'], []]);
});

test('where a browser does not list its databases, those known are deleted', async () => {
  for (const databases of [() => Promise.resolve(undefined), () => Promise.reject(new Error('no'))]) {
    const { kept, deleted } = browser({ databases });
    await forgetEverything(kept);
    expect(deleted).toEqual([...ownDatabases]);
  }
});

test('what could not be deleted is named, and the rest is gone all the same', async () => {
  const deleteDatabase = vi.fn((name: string) =>
    name === 'starling' ? Promise.reject(new Error('held by another tab')) : Promise.resolve(),
  );
  const { kept, stores } = browser({ deleteDatabase });
  await expect(forgetEverything(kept)).rejects.toMatchObject({ code: 'not-forgotten', message: 'starling' });
  expect(deleteDatabase).toHaveBeenCalledTimes(3);
  expect(stores[1]?.kept.size).toBe(0);
});

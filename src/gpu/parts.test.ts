import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { groupRanges, partCode } from './parts.ts';

const size = fc.integer({ min: 1, max: 9 });

describe('parts of a grid', () => {
  test('hold every workgroup once, are nearly equal, and are as many as asked for, or as there are', () => {
    fc.assert(
      fc.property(fc.tuple(size, size, size), fc.integer({ min: 1, max: 40 }), (groups, parts) => {
        const ranges = groupRanges(groups, parts);
        const seen = new Map<string, number>();
        for (const { first, groups: some } of ranges)
          for (let x = 0; x < some[0]; x++)
            for (let y = 0; y < some[1]; y++)
              for (let z = 0; z < some[2]; z++) {
                const key = [first[0] + x, first[1] + y, first[2] + z].join();
                seen.set(key, (seen.get(key) ?? 0) + 1);
              }
        const all = groups[0] * groups[1] * groups[2];
        expect(seen.size).toBe(all);
        expect([...seen.values()].every((times) => times === 1)).toBe(true);
        expect(ranges.length).toBeGreaterThanOrEqual(Math.min(parts, all));
        const longest = Math.max(...groups);
        if (parts <= longest) {
          expect(ranges).toHaveLength(parts);
          const counts = ranges.map(({ groups: [x, y, z] }) => x * y * z);
          expect(Math.max(...counts) - Math.min(...counts)).toBeLessThanOrEqual(all / longest);
        }
      }),
    );
  });
});

describe('the code of a part', () => {
  const shaders = Object.entries(
    import.meta.glob<string>('../../shaders/*.wgsl', { query: '?raw', import: 'default', eager: true }),
  );

  test.each(shaders)('%s counts its workgroups from the first of the part', (_, code) => {
    const places = [...code.matchAll(/@builtin\((?:workgroup|global_invocation)_id\) (\w+)/g)];
    const shifted = partCode(code);
    for (const [, place] of places) {
      expect(shifted).toContain(`let ${place} = ${place}InPart + firstOfPart.xyz`);
      expect(shifted).not.toMatch(new RegExp(`_id\\) ${place}:`));
    }
    expect(shifted.match(/ \+ firstOfPart\.xyz/g)?.length ?? 0).toBe(places.length);
  });

  test('counts invocations from there too, by the size of a workgroup', () => {
    expect(
      partCode(
        '@compute @workgroup_size(8, LANES)\nfn f(@builtin(global_invocation_id) id: vec3u) {\n  g(id);\n}\n',
      ),
    ).toBe(`@group(1) @binding(0) var<uniform> firstOfPart: vec4u;
@compute @workgroup_size(8, LANES)
fn f(@builtin(global_invocation_id) idInPart: vec3u) {
  let id = idInPart + firstOfPart.xyz * vec3u(8, LANES, 1);

  g(id);
}
`);
  });

  test('is refused where it depends on how many workgroups there are', () => {
    expect(() => partCode('fn f(@builtin(num_workgroups) all: vec3u) {}')).toThrow('num_workgroups');
  });
});

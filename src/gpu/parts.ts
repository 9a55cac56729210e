import { invariant } from '../base/invariant.ts';

const computeStage = 4;
const uniformUsage = 0x40 | 0x08; // UNIFORM | COPY_DST

type Groups = readonly [number, number, number];

/** Workgroups of a grid: `groups` of them in each direction, from `first` on. */
export interface GroupRange {
  readonly first: Groups;
  readonly groups: Groups;
}

/**
 * Parts a grid into ranges of nearly equal size: as many as asked for, or a few more, but never more than there are workgroups.
 * Along its longest direction as far as that goes.
 */
export function groupRanges(groups: Groups, parts: number): GroupRange[] {
  const axis = groups.indexOf(Math.max(...groups));
  const length = groups[axis];
  const here = Math.max(1, Math.min(parts, length));
  const further = length === 1 ? 1 : Math.ceil(parts / here);
  const along = (of: Groups, value: number): [number, number, number] => {
    const [x, y, z] = of.map((own, index) => (index === axis ? value : own));
    return [x, y, z];
  };
  return Array.from({ length: here }, (_, part) => {
    const start = Math.floor((part * length) / here);
    const end = Math.floor(((part + 1) * length) / here);
    if (further === 1) return [{ first: along([0, 0, 0], start), groups: along(groups, end - start) }];
    return groupRanges(along(groups, 1), further).map(({ first, groups: size }) => ({
      first: along(first, start),
      groups: size,
    }));
  }).flat();
}

const entryPoint = /@compute\s+@workgroup_size\(([^)]*)\)\s*fn\s+\w+\(((?:[^{}])*?)\)\s*\{/g;
const placeOf = /@builtin\((workgroup_id|global_invocation_id)\)(\s*)(\w+)/g;
const inPart = 'InPart';

/**
 * The WGSL of a kernel for a part of its workgroups. WebGPU counts workgroups from 0, so entry points are made to count from
 * `firstOfPart` on, group 1, binding 0: what a workgroup then computes is what it computes in the whole, word for word.
 * Throws where code asks how many workgroups there are, since a part has fewer.
 */
export function partCode(code: string): string {
  invariant(!code.includes('num_workgroups'), 'a kernel that may be cut does not ask for num_workgroups');
  const shifted = code.replace(entryPoint, (entry, size: string) => {
    const lines: string[] = [];
    const [x, y = '1', z = '1'] = size.split(',').map((text) => text.trim());
    const header = entry.replace(placeOf, (_, builtin: string, space: string, name: string) => {
      const step = builtin === 'workgroup_id' ? '' : ` * vec3u(${x}, ${y}, ${z})`;
      lines.push(`  let ${name} = ${name}${inPart} + firstOfPart.xyz${step};\n`);
      return `@builtin(${builtin})${space}${name}${inPart}`;
    });
    return `${header}\n${lines.join('')}`;
  });
  return `@group(1) @binding(0) var<uniform> firstOfPart: vec4u;\n${shifted}`;
}

/** Bind groups that say where a part begins, one for each place. */
export class PartPlaces {
  readonly #device: GPUDevice;
  readonly #places = new Map<string, GPUBindGroup>();
  #layout: GPUBindGroupLayout | undefined;

  constructor(device: GPUDevice) {
    this.#device = device;
  }

  get layout(): GPUBindGroupLayout {
    this.#layout ??= this.#device.createBindGroupLayout({
      entries: [{ binding: 0, visibility: computeStage, buffer: { type: 'uniform' } }],
      label: 'part',
    });
    return this.#layout;
  }

  at(first: Groups): GPUBindGroup {
    const key = first.join();
    let place = this.#places.get(key);
    if (place === undefined) {
      const buffer = this.#device.createBuffer({ size: 16, usage: uniformUsage, label: 'part' });
      this.#device.queue.writeBuffer(buffer, 0, Uint32Array.of(...first, 0));
      const entries = [{ binding: 0, resource: { buffer } }];
      place = this.#device.createBindGroup({ layout: this.layout, entries, label: 'part' });
      this.#places.set(key, place);
    }
    return place;
  }
}

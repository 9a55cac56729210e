/** What crossed into WebGPU since the page began, whoever's it was; bytes by device. */
export interface GpuCounts {
  dispatches: number;
  submits: number;
}

interface Bytes {
  alive: number;
  most: number;
}

export const counts: GpuCounts = { dispatches: 0, submits: 0 };
const bytesOf = new WeakMap<GPUDevice, Bytes>();
const ownerOf = new WeakMap<GPUBuffer, GPUDevice>();

/**
 * Counts from here on, for every library alike, by wrapping what they all call. Buffers made before are not known. A class
 * that this host does not show is not counted.
 */
export function countGpuWork(): void {
  const wrap = <K extends string>(
    prototype: Record<K, (...args: never[]) => unknown>,
    name: K,
    see: (self: unknown, args: readonly unknown[], out: unknown) => void,
  ): void => {
    const original = prototype[name] as (...args: unknown[]) => unknown;
    (prototype as Record<string, unknown>)[name] = function (this: unknown, ...args: unknown[]): unknown {
      const out = original.apply(this, args);
      see(this, args, out);
      return out;
    };
  };
  wrap(GPUQueue.prototype, 'submit', (_, [buffers]) => {
    // An empty submit hurries a slow browser along and does no work.
    if ((buffers as readonly unknown[]).length > 0) counts.submits++;
  });
  for (const name of ['dispatchWorkgroups', 'dispatchWorkgroupsIndirect'] as const) {
    wrap(GPUComputePassEncoder.prototype, name, () => {
      counts.dispatches++;
    });
  }
  wrap(GPUDevice.prototype, 'createBuffer', (self, _, out) => {
    const [device, buffer] = [self as GPUDevice, out as GPUBuffer];
    const bytes = bytesOf.get(device) ?? { alive: 0, most: 0 };
    bytes.alive += buffer.size;
    bytes.most = Math.max(bytes.most, bytes.alive);
    bytesOf.set(device, bytes);
    ownerOf.set(buffer, device);
  });
  wrap(GPUBuffer.prototype, 'destroy', (self) => {
    const buffer = self as GPUBuffer;
    const device = ownerOf.get(buffer);
    ownerOf.delete(buffer);
    const bytes = device === undefined ? undefined : bytesOf.get(device);
    if (bytes !== undefined) bytes.alive -= buffer.size;
  });
}

/** Bytes of a device's buffers now; and the most since the last `forgetMost`. */
export const bytesAlive = (device: GPUDevice): number => bytesOf.get(device)?.alive ?? 0;
export const bytesMost = (device: GPUDevice): number => bytesOf.get(device)?.most ?? 0;

export function forgetMost(device: GPUDevice): void {
  const bytes = bytesOf.get(device);
  if (bytes !== undefined) bytes.most = bytes.alive;
}

import { StarlingError } from '../base/errors.ts';

/** What a volunteer's GPU is, as far as WebGPU tells. */
export interface AdapterReport {
  readonly vendor: string;
  readonly architecture: string;
  /** The model, where the browser tells. */
  readonly device: string;
  readonly description: string;
  /** True where a CPU stands in for a GPU. Shown to the user, never hidden. */
  readonly software: boolean;
  /** One line for people: the best name the adapter gives. */
  readonly name: string;
}

/** What kernels may use where it is offered; all of them have a variant without. */
export const optionalFeatures = ['subgroups', 'shader-f16'] as const;
export type OptionalFeature = (typeof optionalFeatures)[number];

/** Opens the strongest adapter offered and a device with the storage limits a larger model needs. */
export async function openDevice(
  gpu: GPU | undefined,
): Promise<{ device: GPUDevice; adapter: AdapterReport; subgroupSize: number | undefined }> {
  if (gpu === undefined) {
    throw new StarlingError(
      'no-webgpu',
      'This browser offers no WebGPU here.',
      'Use a current Chrome, Edge, Firefox or Safari, over HTTPS or on localhost.',
    );
  }
  const adapter = await gpu.requestAdapter({ powerPreference: 'high-performance' });
  if (adapter === null) {
    throw new StarlingError(
      'no-adapter',
      'WebGPU is here, but it found no GPU it can use.',
      'Turn on hardware acceleration in the browser settings, update the graphics driver, then reload.',
    );
  }
  const wanted = ['maxBufferSize', 'maxStorageBufferBindingSize'] as const;
  const requiredLimits = Object.fromEntries(wanted.map((limit) => [limit, adapter.limits[limit]]));
  const requiredFeatures = optionalFeatures.filter((feature) => adapter.features.has(feature));
  const device = await adapter.requestDevice({ requiredLimits, requiredFeatures, label: 'starling' });
  const { info } = adapter;
  const { subgroupMinSize, subgroupMaxSize } = info;
  const alike = adapter.features.has('subgroups') && subgroupMinSize === subgroupMaxSize;
  return { device, adapter: reportAdapter(info), subgroupSize: alike ? subgroupMinSize : undefined };
}

/** What an adapter says of itself, in our words. */
export function reportAdapter(info: GPUAdapterInfo): AdapterReport {
  const said = `${info.vendor} ${info.architecture} ${info.device} ${info.description}`.trim();
  const software = /swiftshader|llvmpipe|lavapipe|software|warp|basic render/i.test(said) || isFallback(info);
  const name = [info.description, `${info.vendor} ${info.architecture}`.trim(), info.device].find(
    (text) => text !== '',
  );
  return {
    vendor: info.vendor,
    architecture: info.architecture,
    device: info.device,
    description: info.description,
    software,
    name: name ?? 'an unnamed adapter',
  };
}

/** `isFallbackAdapter` moved from the adapter to its info; older browsers lack it. */
const isFallback = (info: GPUAdapterInfo): boolean =>
  (info as { isFallbackAdapter?: boolean }).isFallbackAdapter === true;

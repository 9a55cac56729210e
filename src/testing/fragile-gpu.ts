import { nodeGpu } from '../hosts/node.ts';

type ErrorListener = (event: { readonly error: GPUError }) => void;

/**
 * Dawn, with its devices at hand for a test to break, and without optional features: their kernels take longest to compile, and a
 * device that is lost compiles all again. `entry` is what a volunteer is given.
 */
export class FragileGpu {
  readonly devices: GPUDevice[] = [];
  /** Called with each device as it is opened. */
  onOpen: (device: GPUDevice) => void = () => undefined;
  /** So many requests for an adapter from now on find none. */
  missing = 0;
  readonly #listeners: ErrorListener[] = [];

  get entry(): GPU {
    const requestAdapter = async (options?: GPURequestAdapterOptions): Promise<GPUAdapter | null> => {
      if (this.missing > 0) {
        this.missing--;
        return null;
      }
      const adapter = await nodeGpu().requestAdapter(options);
      if (adapter === null) return null;
      Object.defineProperty(adapter, 'features', { value: new Set() });
      const requestDevice = adapter.requestDevice.bind(adapter);
      return Object.assign(adapter, {
        requestDevice: async (descriptor?: GPUDeviceDescriptor) => {
          const device = await requestDevice(descriptor);
          const listen = device.addEventListener.bind(device) as (
            kind: string,
            listener: ErrorListener,
          ) => void;
          Object.assign(device, {
            addEventListener: (kind: string, listener: ErrorListener) => {
              if (kind === 'uncapturederror') this.#listeners.push(listener);
              listen(kind, listener);
            },
          });
          this.devices.push(device);
          this.onOpen(device);
          return device;
        },
      });
    };
    return { requestAdapter } as unknown as GPU;
  }

  get newest(): GPUDevice {
    const device = this.devices.at(-1);
    if (device === undefined) throw new Error('no device was opened');
    return device;
  }

  /** As when the driver is reset: everything on the newest device is gone. */
  lose(): void {
    this.newest.destroy();
  }

  /** Tells the newest listener for errors what a device without memory would. */
  runOutOfMemory(): void {
    class GPUOutOfMemoryError extends Error {}
    this.#listeners.at(-1)?.({ error: new GPUOutOfMemoryError('2 GB wanted') });
  }
}

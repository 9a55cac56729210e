type ErrorListener = (event: { readonly error: GPUError }) => void;
type ErrorName = 'GPUValidationError' | 'GPUOutOfMemoryError' | 'GPUInternalError';

const never = new Promise<never>(() => undefined);

/** A device that does nothing, reads as zeros and answers at once, until it is told to fail. */
export class FakeDevice {
  readonly features: ReadonlySet<string>;
  readonly limits = { maxBufferSize: 2 ** 31, maxStorageBufferBindingSize: 2 ** 27 };
  readonly lost: Promise<{ readonly reason: string; readonly message: string }>;
  /** Called with the label of what is made; throws nothing, but may tell of errors. */
  onMake: (label: string) => void = () => undefined;
  /** False: whoever waits for it waits for ever. */
  answers = true;
  /** Submits that were not empty. */
  submits = 0;
  readonly queue;
  readonly #listeners: ErrorListener[] = [];
  #lose: (lost: { reason: string; message: string }) => void = () => undefined;

  constructor(features: ReadonlySet<string>) {
    this.features = features;
    this.lost = new Promise((resolve) => {
      this.#lose = resolve;
    });
    this.queue = {
      submit: (commands: readonly unknown[]) => {
        this.submits += commands.length;
      },
      writeBuffer: () => undefined,
      onSubmittedWorkDone: () => this.#answer(),
    };
  }

  lose(message: string): void {
    this.#lose({ reason: 'unknown', message });
  }

  /** As an error that no scope catches. */
  report(name: ErrorName, message: string): void {
    const error = new { [name]: class extends Error {} }[name](message);
    for (const listener of this.#listeners) listener({ error });
  }

  addEventListener(kind: string, listener: ErrorListener): void {
    if (kind === 'uncapturederror') this.#listeners.push(listener);
  }

  createBuffer({ size, label = '' }: { readonly size: number; readonly label?: string }): unknown {
    this.onMake(label);
    return {
      size,
      label,
      mapAsync: () => this.#answer(),
      getMappedRange: (_: number, length: number) => new ArrayBuffer(length),
      unmap: () => undefined,
      destroy: () => undefined,
    };
  }

  createCommandEncoder(): unknown {
    const pass = {
      setPipeline: () => undefined,
      setBindGroup: () => undefined,
      dispatchWorkgroups: () => undefined,
      end: () => undefined,
    };
    return {
      clearBuffer: () => undefined,
      copyBufferToBuffer: () => undefined,
      beginComputePass: () => pass,
      finish: () => ({}),
    };
  }

  createBindGroupLayout = (): unknown => ({});
  createPipelineLayout = (): unknown => ({});
  createShaderModule = (): unknown => ({});
  createBindGroup = (): unknown => ({});
  createComputePipeline = (): unknown => ({});
  createComputePipelineAsync = (): Promise<unknown> => this.#answer({});
  pushErrorScope = (): void => undefined;
  popErrorScope = (): Promise<null> => this.#answer(null);
  destroy = (): void => undefined;

  #answer(): Promise<undefined>;
  #answer<T>(value: T): Promise<T>;
  #answer(value?: unknown): Promise<unknown> {
    return this.answers ? Promise.resolve(value) : never;
  }
}

/** Where there is one adapter of fake devices: for tests of what is around the work, in no time. */
export class FakeGpu {
  readonly devices: FakeDevice[] = [];
  /** What adapters say of themselves from now on. */
  info = { vendor: 'fake', architecture: '', device: '', description: 'Fake One' };
  readonly features = new Set<string>();
  /** Called with each device as it is opened. */
  onOpen: (device: FakeDevice) => void = () => undefined;

  get entry(): GPU {
    const requestAdapter = () => {
      const features = new Set(this.features);
      const { info } = this;
      const requestDevice = () => {
        const device = new FakeDevice(features);
        this.devices.push(device);
        this.onOpen(device);
        return Promise.resolve(device);
      };
      return Promise.resolve({ features, info, limits: new FakeDevice(features).limits, requestDevice });
    };
    return { requestAdapter } as unknown as GPU;
  }

  get newest(): FakeDevice {
    const device = this.devices.at(-1);
    if (device === undefined) throw new Error('no device was opened');
    return device;
  }
}

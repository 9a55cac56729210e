import { create, globals } from 'webgpu';

// Dawn dies (a segmentation fault) if its instance is garbage-collected while a device of it lives, and a device keeps
// no reference to it. So one instance is held here until the process ends.
let instance: GPU | undefined;

/**
 * WebGPU in Node, through Dawn: the same instance at every call. On a machine without a GPU the environment must name a
 * software Vulkan driver before the process starts: scripts/find-chromium.mjs, softwareVulkanEnvironment().
 */
export function nodeGpu(): GPU {
  if (instance === undefined) {
    Object.assign(globalThis, globals);
    instance = create([]);
  }
  return instance;
}

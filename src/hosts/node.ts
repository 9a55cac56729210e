import { create, globals } from 'webgpu';

// Dawn dies (a segmentation fault) if its instance is garbage-collected while a device of it lives, and a device keeps
// no reference to it. So one instance is held here until the process ends.
let instance: GPU | undefined;

/**
 * Workgroup memory starts as zeros either way: by a loop over the workgroup, not by the driver. A software driver compiles a store for
 * every word instead, 0.13 s for each KiB.
 */
const flags = ['disable-dawn-features=use_vulkan_zero_initialize_workgroup_memory_extension'];

/**
 * WebGPU in Node, through Dawn: the same instance at every call. On a machine without a GPU the environment must name a
 * software Vulkan driver before the process starts: scripts/find-chromium.mjs, softwareVulkanEnvironment().
 */
export function nodeGpu(): GPU {
  if (instance === undefined) {
    Object.assign(globalThis, globals);
    instance = create(flags);
  }
  return instance;
}

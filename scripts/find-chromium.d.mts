export function findChromium(): string | undefined;
export function softwareVulkanEnvironment(): Record<string, string>;

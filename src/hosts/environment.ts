import { reportAdapter } from '../gpu/device.ts';
import { webgpuAdvice } from './webgpu-advice.ts';

/** What this browser can do here, in words for people. The page's Environment (src/ui/host.ts) has this shape. */
export interface BrowserEnvironment {
  readonly canTrain: boolean;
  readonly reason: string;
  readonly fix: string;
  readonly secureUrl: string | undefined;
  readonly gpu?: string;
  /** True where a CPU stands in for a GPU. */
  readonly gpuIsSoftware?: boolean;
}

/** The same address over HTTPS: the server answers both on one port. */
export const secureAddress = (href: string): string => href.replace(/^http:/, 'https:');

/** Finds out, without opening a device, whether this page may use a GPU, and what to do where it may not. */
export async function detectEnvironment(): Promise<BrowserEnvironment> {
  if (!isSecureContext) {
    return {
      canTrain: false,
      reason: 'This address is not secure (plain HTTP), and browsers lend a GPU only to secure pages.',
      fix: 'Open the HTTPS address below. The browser will ask once whether you trust this server.',
      secureUrl: secureAddress(location.href),
    };
  }
  const entry = (navigator as { gpu?: GPU }).gpu;
  if (entry === undefined) {
    return {
      canTrain: false,
      reason: 'This browser has no WebGPU.',
      fix: webgpuAdvice(navigator),
      secureUrl: undefined,
    };
  }
  const adapter = await entry.requestAdapter({ powerPreference: 'high-performance' }).catch(() => null);
  if (adapter === null) {
    return {
      canTrain: false,
      reason: 'The browser has WebGPU but found no graphics processor it can use.',
      fix: 'Turn on hardware acceleration in the browser settings and update the graphics driver, then reload.',
      secureUrl: undefined,
    };
  }
  const { name, software } = reportAdapter(adapter.info);
  return {
    canTrain: true,
    reason: 'This browser can train.',
    fix: '',
    secureUrl: undefined,
    gpu: name,
    gpuIsSoftware: software,
  };
}

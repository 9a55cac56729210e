/** What is read of a browser, to tell its person what to do. */
export interface BrowserWords {
  readonly userAgent: string;
  /** An iPad says that it is a Mac, but has fingers. */
  readonly maxTouchPoints: number;
}

/** Where there is no WebGPU: which browser has it on this system, and where it is turned on. One or two sentences. */
export function webgpuAdvice({ userAgent, maxTouchPoints }: BrowserWords): string {
  const isApplePhone = /iPhone|iPad/.test(userAgent) || (/Macintosh/.test(userAgent) && maxTouchPoints > 1);
  // Every browser there is Safari underneath.
  if (isApplePhone) return 'Update to iOS or iPadOS 26 or newer: then every browser there has WebGPU.';
  if (/Android/.test(userAgent)) return 'Use Chrome 121 or newer, on Android 12 or newer.';
  const onLinux = /Linux/.test(userAgent);
  if (/Firefox\//.test(userAgent)) {
    return onLinux
      ? 'In Firefox on Linux, open about:config, set dom.webgpu.enabled to true and start Firefox anew. Or use Chrome.'
      : 'Update Firefox: it has WebGPU from 141 on Windows and from 145 on Macs with Apple chips. Or use Chrome or Edge.';
  }
  if (/Chrome\/|Chromium\//.test(userAgent)) {
    return onLinux
      ? 'Update this browser. If it stays, open chrome://flags, turn on “Unsafe WebGPU Support” and start it anew.'
      : 'Update this browser: it has WebGPU from version 113 on. If it is newer, turn on hardware acceleration in its settings.';
  }
  if (/Macintosh/.test(userAgent)) return 'Update to macOS 26, whose Safari has WebGPU, or use Chrome.';
  return 'Use a current Chrome, Edge, Firefox or Safari.';
}

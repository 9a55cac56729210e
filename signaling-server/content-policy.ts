/**
 * What the pages of this site may load and be used for: their own files and nothing else. No inline script or style, no
 * `data:`, no `blob:`, no other host. Styles that a script sets on an element are not touched by this.
 */
const everywhere = [
  "default-src 'none'",
  "script-src 'self'",
  "worker-src 'self'",
  "style-src 'self'",
  "img-src 'self'",
  "font-src 'self'",
  // In every browser that has WebGPU, 'self' stands for the WebSocket of the same host and port too.
  "connect-src 'self'",
  "base-uri 'none'",
  "form-action 'none'",
] as const;

/** For the page's own head, for hosts that send no headers. It cannot say who may frame the page: browsers ignore that there. */
export const policyInPage = everywhere.join('; ');

const policy = (ancestors: "'none'" | '*'): string =>
  [...everywhere, `frame-ancestors ${ancestors}`].join('; ');

/** Powers that a page of this site never asks for. */
const neverAsked = [
  ...['accelerometer', 'camera', 'display-capture', 'geolocation', 'gyroscope', 'hid', 'magnetometer'],
  ...['microphone', 'midi', 'payment', 'serial', 'usb', 'xr-spatial-tracking'],
] as const;
/** Those that the whole page asks for, and the page in a frame does not. */
const askedByPage = ['clipboard-write', 'fullscreen', 'screen-wake-lock'] as const;

const permissions = (forPage: boolean): string =>
  [
    ...neverAsked.map((name) => `${name}=()`),
    ...askedByPage.map((name) => `${name}=${forPage ? '(self)' : '()'}`),
  ].join(', ');

const common = { 'X-Content-Type-Options': 'nosniff', 'Referrer-Policy': 'no-referrer' } as const;

/** The headers of every answer: nobody may frame it. */
export const pageHeaders: Readonly<Record<string, string>> = {
  ...common,
  'Content-Security-Policy': policy("'none'"),
  'Permissions-Policy': permissions(true),
};

/** The headers of the page that is made for frames of other sites. */
export const embedHeaders: Readonly<Record<string, string>> = {
  ...common,
  'Content-Security-Policy': policy('*'),
  'Permissions-Policy': permissions(false),
};

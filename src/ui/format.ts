/** Numbers as people read them. Every function is total: what is not known is a dash. */

const unknown = '–';

/** 999 B, 1.23 kB, 45.6 MB: three significant digits, steps of 1000. */
export function formatBytes(bytes: number | undefined): string {
  if (bytes === undefined || !Number.isFinite(bytes)) return unknown;
  const units = ['B', 'kB', 'MB', 'GB', 'TB'];
  let value = Math.max(0, bytes);
  let unit = 0;
  while (value >= 999.5 && unit < units.length - 1) {
    value /= 1000;
    unit++;
  }
  return `${unit === 0 ? Math.round(value) : significant(value)} ${units[unit]}`;
}

/** 820, 164k, 10.3M, 1.20B. */
export function formatCount(count: number | undefined): string {
  if (count === undefined || !Number.isFinite(count)) return unknown;
  const units = ['', 'k', 'M', 'B'];
  let value = Math.max(0, count);
  let unit = 0;
  while (value >= 999.5 && unit < units.length - 1) {
    value /= 1000;
    unit++;
  }
  return `${unit === 0 ? Math.round(value) : significant(value)}${units[unit]}`;
}

/** A loss in nats, three decimals. */
export const formatLoss = (loss: number | undefined): string =>
  loss === undefined || !Number.isFinite(loss) ? unknown : loss.toFixed(3);

/** 1,180×. */
export const formatRatio = (ratio: number | undefined): string =>
  ratio === undefined || !Number.isFinite(ratio) ? unknown : `${grouped(Math.round(ratio))}×`;

/** 12,345 with thin grouping that does not depend on the browser's language. */
export const grouped = (whole: number): string => String(whole).replace(/\B(?=(\d{3})+$)/g, ',');

export const formatSpeed = (tokensPerSecond: number | undefined): string =>
  tokensPerSecond === undefined || !Number.isFinite(tokensPerSecond)
    ? unknown
    : `${formatCount(tokensPerSecond)} tok/s`;

/** 850 ms, 4.2 s, 3 min 5 s, 2 h 4 min. */
export function formatDuration(ms: number): string {
  if (!Number.isFinite(ms) || ms < 0) return unknown;
  if (ms < 999.5) return `${Math.round(ms)} ms`;
  const seconds = ms / 1000;
  if (seconds < 59.95) return `${seconds.toFixed(1)} s`;
  const whole = Math.round(seconds);
  if (whole < 3600) return `${Math.floor(whole / 60)} min ${whole % 60} s`;
  const minutes = Math.floor(whole / 60);
  return `${Math.floor(minutes / 60)} h ${minutes % 60} min`;
}

/** 4:07 or 1:02:33, for a column of event times. */
export function formatClock(ms: number): string {
  const whole = Math.max(0, Math.floor(ms / 1000));
  const two = (n: number): string => String(n).padStart(2, '0');
  const hours = Math.floor(whole / 3600);
  const minutes = Math.floor(whole / 60) % 60;
  return hours > 0 ? `${hours}:${two(minutes)}:${two(whole % 60)}` : `${minutes}:${two(whole % 60)}`;
}

export const formatPercent = (share: number): string =>
  Number.isFinite(share) ? `${Math.round(100 * share)} %` : unknown;

/** The first hex digits of an id or digest: enough to tell the ones on a page apart. */
export const shortId = (id: string, digits = 6): string => id.slice(0, digits);

export const plural = (count: number, one: string, many = `${one}s`): string =>
  `${grouped(count)} ${count === 1 ? one : many}`;

const significant = (value: number): string =>
  value >= 99.95 ? value.toFixed(0) : value >= 9.995 ? value.toFixed(1) : value.toFixed(2);

const megabyte = 1e6;
const mostMegabytes = 1_000_000;

/** What is offered first to whoever switches the limit on. */
export const usualLimit = 500 * megabyte;

/** Bytes a day as whole megabytes. */
export const limitText = (bytes: number): string => String(Math.round(bytes / megabyte));

/** What was typed as bytes a day; undefined where that is no limit: then the one before stays. */
export function readLimit(typed: string): number | undefined {
  const digits = typed.trim();
  if (!/^\d{1,9}$/.test(digits)) return undefined;
  const whole = Number(digits);
  return whole >= 1 && whole <= mostMegabytes ? whole * megabyte : undefined;
}

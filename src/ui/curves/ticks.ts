const digits = [[1, 2, 3, 5, 7], [1, 2, 5], [1, 3], [1]] as const;

/** Round values from `min` to `max`, at most `most`, for an axis that is spaced by powers. `min` > 0. */
export function logTicks(min: number, max: number, most: number): number[] {
  for (const some of digits) {
    const found = inDecades(min, max, some);
    if (found.length > Math.max(1, most)) continue;
    return found.length >= 3 ? found : linearTicks(min, max, Math.min(4, most));
  }
  const decades = inDecades(min, max, [1]);
  const stride = Math.ceil(decades.length / Math.max(1, most));
  return decades.filter((_, index) => index % stride === 0);
}

function inDecades(min: number, max: number, some: readonly number[]): number[] {
  const [first, last] = [Math.floor(Math.log10(min)), Math.ceil(Math.log10(max))];
  return Array.from({ length: last - first + 1 }, (_, decade) =>
    some.map((digit) => Number(`${digit}e${first + decade}`)),
  )
    .flat()
    .filter((tick) => tick >= min && tick <= max);
}

/** Where less than three powers are in sight: steps of 1, 2 or 5 times a power. */
function linearTicks(min: number, max: number, most: number): number[] {
  const least = (max - min) / Math.max(1, most);
  const power = 10 ** Math.floor(Math.log10(least));
  const step = ([1, 2, 5].find((digit) => digit * power >= least) ?? 10) * power;
  const first = Math.ceil(min / step);
  const count = Math.max(0, Math.floor(max / step) - first + 1);
  return Array.from({ length: count }, (_, index) => Number(((first + index) * step).toPrecision(12)));
}

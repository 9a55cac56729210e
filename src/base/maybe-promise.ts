/** A value that is there at once or later. With values only, everything built from `chain` and `all` runs synchronously. */
export type MaybePromise<T> = T | Promise<T>;

/** `next` of the value, at once if it is there. */
export function chain<T, R>(value: MaybePromise<T>, next: (value: T) => MaybePromise<R>): MaybePromise<R> {
  return value instanceof Promise ? value.then(next) : next(value);
}

/** All values in order, at once if all are there. */
export function all<T>(values: readonly MaybePromise<T>[]): MaybePromise<T[]> {
  return values.some((value) => value instanceof Promise) ? Promise.all(values) : (values as T[]);
}

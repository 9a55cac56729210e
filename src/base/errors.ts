/** An error a person can act on: a stable code, what happened, and what to do about it. */
export class StarlingError extends Error {
  readonly code: string;
  readonly fix: string;

  constructor(code: string, message: string, fix: string, options?: ErrorOptions) {
    super(message, options);
    this.name = 'StarlingError';
    this.code = code;
    this.fix = fix;
  }
}

/** Anything thrown as what happened and what to do about it; `otherwise` is the fix where the thrown thing names none. */
export const problemOf = (thrown: unknown, otherwise: string): { message: string; fix: string } =>
  thrown instanceof StarlingError
    ? { message: thrown.message, fix: thrown.fix }
    : { message: describeError(thrown), fix: otherwise };

/** The text of anything thrown, for a page or a log. */
export const describeError = (thrown: unknown): string =>
  thrown instanceof StarlingError
    ? `${thrown.message} ${thrown.fix}`
    : thrown instanceof Error
      ? thrown.message
      : String(thrown);

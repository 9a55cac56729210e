/** The project's root folder, with a separator at its end. */
export const root: string;
/** Runs a program that an npm package brought, in the project's root with our own input and output; its exit code. */
export function runPackage(
  name: string,
  args: readonly string[],
  environment?: Readonly<Record<string, string>>,
): Promise<number>;

export function findFirefox(): string | undefined;
export function firefoxEnvironment(): Record<string, string | undefined>;
export const withoutFirefox: string;

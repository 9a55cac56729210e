import type { Bytes } from '../base/bytes.ts';
import { StarlingError } from '../base/errors.ts';

/** Reads corpus files over HTTP from a base address that ends with a slash. */
export const fetchCorpusFrom =
  (base: string) =>
  async (name: string): Promise<Bytes> => {
    let response: Response;
    try {
      response = await fetch(new URL(name, base));
    } catch (cause) {
      throw new StarlingError(
        'corpus-unreachable',
        `The training text (${name}) could not be fetched.`,
        'Check the connection to the server, then join again.',
        { cause },
      );
    }
    if (!response.ok) {
      throw new StarlingError(
        'corpus-missing',
        `The server has no training text ${name} (HTTP ${response.status}).`,
        'Whoever runs the server should run `npm start` again, which builds the text.',
      );
    }
    return new Uint8Array(await response.arrayBuffer());
  };

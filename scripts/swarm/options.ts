import { parseArgs } from 'node:util';
import { findScript, scriptNames, type SwarmScript } from './script.ts';

export type HostName = 'chromium' | 'firefox' | 'node';
const hostNames: readonly HostName[] = ['chromium', 'firefox', 'node'];

export type Preset = 'nano' | 'micro' | 'small';
const presets: readonly Preset[] = ['nano', 'micro', 'small'];

const mostVolunteers = 16;

export const usage =
  'npm run swarm -- --volunteers 3 --rounds 40 [--volunteers chromium,firefox,node] [--json out.json] ' +
  `[--preset ${presets.join('|')}] [--seed 1] [--script ${scriptNames.join('|')}] [--check] [--screenshot tabs.png]`;

export interface SwarmOptions {
  /** The host of each volunteer, in the order in which they join; the first starts the run. */
  readonly hosts: readonly HostName[];
  readonly rounds: number;
  readonly preset: Preset;
  /** Undefined: the run draws one, and volunteers do as much work a round as they can. */
  readonly seed: number | undefined;
  readonly script: { readonly name: string; readonly steps: SwarmScript['steps'] } | undefined;
  readonly json: string | undefined;
  /** Fail unless the report keeps what such a run promises: shortfalls.ts. */
  readonly check: boolean;
  /** A PNG of all tabs, taken when nine tenths of the rounds are done. */
  readonly screenshot: string | undefined;
}

function wholeNumber(name: string, text: string, low: number, high: number): number {
  const value = Number(text);
  if (!/^\d+$/.test(text) || value < low || value > high)
    throw new Error(
      `--${name} must be a whole number from ${low} to ${high}, not "${text}". Usage: ${usage}`,
    );
  return value;
}

/** "3" is three Chromium tabs, "chromium,firefox,node" one of each. */
function readHosts(text: string): HostName[] {
  if (/^\d+$/.test(text))
    return Array<HostName>(wholeNumber('volunteers', text, 1, mostVolunteers)).fill('chromium');
  const hosts = text.split(',').map((name) => hostNames.find((known) => known === name.trim()));
  const known = hosts.flatMap((host) => host ?? []);
  if (known.length < hosts.length || known.length > mostVolunteers)
    throw new Error(
      `--volunteers must be a number, or up to ${mostVolunteers} of ${hostNames.join(', ')} with commas between, ` +
        `not "${text}". Usage: ${usage}`,
    );
  return known;
}

/** Reads the command line after the program's name. Throws an Error for people on anything it does not know. */
export function readOptions(args: readonly string[]): SwarmOptions {
  const { values } = parseArgs({
    args: [...args],
    options: {
      volunteers: { type: 'string', default: '3' },
      rounds: { type: 'string', default: '40' },
      json: { type: 'string' },
      preset: { type: 'string', default: 'nano' },
      seed: { type: 'string' },
      script: { type: 'string' },
      check: { type: 'boolean', default: false },
      screenshot: { type: 'string' },
    },
  });
  const preset = presets.find((name) => name === values.preset);
  if (preset === undefined) throw new Error(`--preset must be one of ${presets.join(', ')}. Usage: ${usage}`);
  const hosts = readHosts(values.volunteers);
  const rounds = wholeNumber('rounds', values.rounds, 1, 1_000_000);
  const { script } = values;
  return {
    hosts,
    rounds,
    preset,
    seed: values.seed === undefined ? undefined : wholeNumber('seed', values.seed, 0, 0xffffffff),
    script:
      script === undefined
        ? undefined
        : { name: script, steps: findScript(script, hosts.length, rounds).steps },
    json: values.json,
    check: values.check,
    screenshot: values.screenshot,
  };
}

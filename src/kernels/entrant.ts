import type { Gpu } from '../gpu/gpu.ts';
import type { Dispatch } from '../gpu/kernel.ts';

/** A way to do what a contest is about. */
export interface Entrant {
  readonly name: string;
  /** Resolves once it can run without a compiler. */
  compile(): Promise<void>;
  /** Does the work so many times in one submit, if it can; resolves when it is done. No times is an empty submit. */
  run(count: number): Promise<void>;
  /** It took too long to compile: what it has begun is not waited for. */
  abandon(): void;
  /** Where it is far behind says nothing of other contests. */
  readonly isParticular?: boolean;
}

/** An entrant that is dispatches, bound when its turn comes. */
export function dispatchEntrant(
  gpu: Gpu,
  name: string,
  bind: () => readonly Dispatch[],
  isParticular = false,
): Entrant {
  let dispatches: readonly Dispatch[] = [];
  return {
    name,
    isParticular,
    async compile() {
      dispatches = bind();
      await Promise.all(dispatches.map((dispatch) => dispatch.compile()));
    },
    async run(count) {
      gpu.submit(Array.from({ length: count }, () => dispatches).flat());
      await gpu.idle();
    },
    abandon() {
      for (const dispatch of dispatches) dispatch.forget();
    },
  };
}

// What a test file gets in a page when it imports `vitest`: the same runner and the same matchers, without the rest of
// vitest, which needs Node. A name that is missing here fails the bundle, so no test can lose an assertion.
import {
  ASYMMETRIC_MATCHERS_OBJECT,
  chai,
  customMatchers,
  getState,
  GLOBAL_EXPECT,
  JestAsymmetricMatchers,
  JestChaiExpect,
  JestExtend,
  setState,
  type ExpectStatic,
} from '@vitest/expect';
import { getCurrentTest, type Test } from '@vitest/runner';

export { afterAll, afterEach, beforeAll, beforeEach, describe, it, suite, test } from '@vitest/runner';

chai.use(JestExtend);
chai.use(JestChaiExpect);
chai.use(JestAsymmetricMatchers);

/** `expect` for the test that runs. Not here: snapshots, `poll`, `soft` and counting of assertions. */
function makeExpect(): ExpectStatic {
  const made = ((value: unknown, message?: string) => {
    const assertion = chai.expect(value, message);
    const current = getCurrentTest();
    // Declared by vitest itself only.
    const { withTest } = assertion as unknown as { withTest: (test: Test) => unknown };
    return current === undefined ? assertion : withTest.call(assertion, current);
  }) as ExpectStatic;
  const globals = globalThis as unknown as Record<symbol, object>;
  Object.assign(made, chai.expect, globals[ASYMMETRIC_MATCHERS_OBJECT]);
  made.getState = () => getState(made);
  made.setState = (state) => {
    setState(state, made);
  };
  made.extend = (matchers) => {
    (chai.expect as unknown as { extend: (to: ExpectStatic, matchers: object) => void }).extend(
      made,
      matchers,
    );
  };
  made.extend(customMatchers);
  Object.defineProperty(globalThis, GLOBAL_EXPECT, { value: made, configurable: true });
  return made;
}

export const expect = makeExpect();

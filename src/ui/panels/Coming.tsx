import type { PageProblem } from '../store.ts';
import { text } from '../text.ts';
import { Header } from './Frame.tsx';
import { Murmuration } from './Murmuration.tsx';

/** The page before it knows anything: what needs the network and the GPU is still being loaded. `problem`: it will not be. */
export function Coming({ problem }: { readonly problem?: PageProblem }) {
  return (
    <>
      <Header view={undefined} />
      <main>
        <section className="control" aria-label={text.page.thisTab} data-testid="coming">
          <Murmuration lit={0} />
          <div className="control-body">
            <h1>{problem === undefined ? text.page.coming : text.page.couldNotStart}</h1>
            {problem === undefined ? (
              <p className="lead">{text.page.comingWhat}</p>
            ) : (
              <div className="problem is-whole" role="alert" data-testid="could-not-start">
                <p>
                  <strong>{problem.message}</strong> {problem.fix}
                </p>
              </div>
            )}
          </div>
        </section>
      </main>
    </>
  );
}

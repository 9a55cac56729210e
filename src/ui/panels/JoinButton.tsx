import type { PageState } from '../store.ts';
import { text } from '../text.ts';

/** Takes part in the run; says so while that is under way. */
export function JoinButton({ page, name }: { readonly page: PageState; readonly name: string }) {
  const joining = page.pending === 'join';
  return (
    <button
      type="button"
      className="primary"
      data-testid="join"
      aria-disabled={joining}
      onClick={() => void page.join()}
    >
      {joining ? text.strip.joining : name}
    </button>
  );
}

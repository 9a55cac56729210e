/** What takes the focus where something below the same ancestor is gone: one that is marked so, or else a heading. */
const homes = '[data-focus-home], h1, h2, h3';

const isGone = (element: Element): boolean => !element.isConnected || element.closest('[hidden]') !== null;

/** The nearest home that is still there. `above`: ancestors, nearest first. */
function homeAbove(above: readonly Element[]): HTMLElement | undefined {
  for (const ancestor of above) {
    if (isGone(ancestor)) continue;
    for (const home of ancestor.querySelectorAll<HTMLElement>(homes)) if (!isGone(home)) return home;
  }
  return undefined;
}

function ancestorsOf(element: Element, root: Element): readonly Element[] {
  const above: Element[] = [];
  for (let one = element.parentElement; one !== null; one = one.parentElement) {
    above.push(one);
    if (one === root) break;
  }
  return above;
}

/**
 * Keeps the keyboard where it was: when what has the focus goes away, as a button does that has done its work, the heading above
 * it takes the focus. Otherwise one would begin at the top of the page again. Returns the way to stop.
 */
export function keepFocus(root: HTMLElement): () => void {
  let held: { readonly element: Element; readonly above: readonly Element[] } | undefined;
  const look = (): void => {
    if (held === undefined || !isGone(held.element)) return;
    const { above } = held;
    forget();
    const active = document.activeElement;
    // Whoever took it away may have known a better place.
    if (active !== null && active !== document.body && !isGone(active)) return;
    const home = homeAbove(above);
    if (home === undefined) return;
    if (!home.hasAttribute('tabindex')) home.tabIndex = -1;
    home.focus({ preventScroll: true });
  };
  const observer = new MutationObserver(look);
  const forget = (): void => {
    held = undefined;
    observer.disconnect();
  };
  const came = ({ target }: FocusEvent): void => {
    if (!(target instanceof Element)) return;
    held = { element: target, above: ancestorsOf(target, root) };
    // Only while something has the focus: a page that is only looked at pays nothing for this.
    observer.observe(root, { childList: true, subtree: true, attributes: true, attributeFilter: ['hidden'] });
  };
  const went = ({ target }: FocusEvent): void => {
    // Said of what is being taken away too: which of the two it is, shows when that is done.
    queueMicrotask(() => {
      if (held?.element === target && !isGone(held.element) && document.activeElement !== held.element)
        forget();
    });
  };
  root.addEventListener('focusin', came);
  root.addEventListener('focusout', went);
  return () => {
    root.removeEventListener('focusin', came);
    root.removeEventListener('focusout', went);
    forget();
  };
}

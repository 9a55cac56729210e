/** How far from the window something is in sight already. */
const margin = '300px';

/** Whether an element is in sight, or nearly; so it is until the browser has said otherwise. */
export class Sight {
  readonly #observer: IntersectionObserver;
  #element: Element | undefined;
  #isThere = true;

  /** `appeared`: what was out of sight is not any more. */
  constructor(appeared: () => void) {
    this.#observer = new IntersectionObserver(
      (entries) => {
        const was = this.#isThere;
        this.#isThere = entries.at(-1)?.isIntersecting ?? true;
        if (this.#isThere && !was) appeared();
      },
      { rootMargin: margin },
    );
  }

  get isThere(): boolean {
    return this.#isThere;
  }

  /** Looks at this element from now on. Where there is none, it may come any time. */
  of(element: Element | null | undefined): void {
    if (element === this.#element) return;
    this.#observer.disconnect();
    this.#element = element ?? undefined;
    this.#isThere = true;
    if (this.#element !== undefined) this.#observer.observe(this.#element);
  }

  close(): void {
    this.#observer.disconnect();
  }
}

/** Longer than this nothing waits for a paint. */
const mostMs = 1_000;

/** Resolves when something of the page was painted; at once where nobody sees it. */
export function painted(): Promise<void> {
  if (document.hidden) return Promise.resolve();
  return new Promise((resolve) => {
    setTimeout(resolve, mostMs);
    new PerformanceObserver((list, observer) => {
      if (list.getEntriesByName('first-contentful-paint').length === 0) return;
      observer.disconnect();
      requestAnimationFrame(() => resolve());
    }).observe({ type: 'paint', buffered: true });
  });
}

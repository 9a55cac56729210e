import { text } from '../text.ts';

/** What a first visitor should know, shown while there is no run to look at. */
export function HowItWorks() {
  return (
    <ol className="steps">
      {text.howItWorks.map(({ title, what }) => (
        <li key={title}>
          <h2>{title}</h2>
          <p>{what}</p>
        </li>
      ))}
    </ol>
  );
}

/** What a first visitor should know, shown while there is no run to look at. */
export function HowItWorks() {
  return (
    <ol className="steps">
      <li>
        <h2>Each tab trains</h2>
        <p>Your GPU reads its own share of the run’s text and works out how the model should change.</p>
      </li>
      <li>
        <h2>Tabs exchange a little</h2>
        <p>
          Only the strongest changes leave your tab, as signs: about a thousandth of the gradient, sent
          straight to the other tabs.
        </p>
      </li>
      <li>
        <h2>All end with the same bits</h2>
        <p>
          Every round has an agreed record. Whoever applies it holds exactly the same model, whatever their
          GPU.
        </p>
      </li>
    </ol>
  );
}

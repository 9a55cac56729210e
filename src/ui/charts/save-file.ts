/** Hands a file to whoever uses the page, made here: nothing is asked of any server. */
export function saveFile(name: string, content: Blob): void {
  const url = URL.createObjectURL(content);
  const link = document.createElement('a');
  link.href = url;
  link.download = name;
  link.click();
  // The browser reads it after the click; a minute is long enough for that.
  setTimeout(() => {
    URL.revokeObjectURL(url);
  }, 60_000);
}

/** Saves text that is made piece by piece, and lets the page do other things in between. */
export async function saveInPieces(name: string, pieces: Iterable<string>): Promise<void> {
  const made: string[] = [];
  for (const piece of pieces) {
    made.push(piece);
    await new Promise((resolve) => setTimeout(resolve));
  }
  saveFile(name, new Blob(made, { type: 'text/csv' }));
}

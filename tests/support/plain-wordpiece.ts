/**
 * BERT's uncased tokenizer for ASCII text, written from its description and sharing nothing with the library:
 * controls go, punctuation stands alone, and each word is cut greedily into the longest pieces of the vocabulary.
 * https://arxiv.org/abs/1609.08144 section 4.1, https://github.com/google-research/bert#tokenization
 */
export function plainWordPiece(text: string, vocabulary: ReadonlyMap<string, number>): number[] {
  const ids: number[] = [];
  for (const word of wordsOf(text)) ids.push(...piecesOf(word, vocabulary));
  return ids;
}

function wordsOf(text: string): string[] {
  let spaced = "";
  for (const character of text.toLowerCase()) {
    const code = character.charCodeAt(0);
    if (character === "\t" || character === "\n" || character === "\r") spaced += " ";
    else if (code < 32 || code === 127) continue;
    else if (/[a-z0-9 ]/.test(character)) spaced += character;
    else spaced += ` ${character} `;
  }
  return spaced.split(" ").filter((word) => word !== "");
}

function piecesOf(word: string, vocabulary: ReadonlyMap<string, number>): number[] {
  const unknown = [vocabulary.get("[UNK]")!];
  if (word.length > 100) return unknown;
  const ids: number[] = [];
  for (let rest = word; rest !== ""; ) {
    const prefix = rest === word && ids.length === 0 ? "" : "##";
    let size = rest.length;
    while (size > 0 && !vocabulary.has(prefix + rest.slice(0, size))) size--;
    if (size === 0) return unknown;
    ids.push(vocabulary.get(prefix + rest.slice(0, size))!);
    rest = rest.slice(size);
  }
  return ids;
}

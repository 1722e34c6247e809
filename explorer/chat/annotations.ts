/** The references in a text: citations of files, and files that tools wrote. */
import type { TextPart } from './conversation.ts';

export interface References {
  /** The text as Markdown, with a number in brackets in place of the marker of each citation. */
  readonly text: string;
  /** What the numbers refer to, the first of them first, and then the files. */
  readonly labels: readonly string[];
}

type Citation = Extract<TextPart['annotations'][number], { readonly __typename: 'FileCitation' }>;

export function toReferences({ text, annotations }: TextPart): References {
  const labels: string[] = [];
  const numberOf = (label: string): number => {
    if (!labels.includes(label)) labels.push(label);
    return labels.indexOf(label) + 1;
  };
  const citations = annotations
    .filter((annotation) => annotation.__typename === 'FileCitation')
    .sort((one, other) => one.startIndex - other.startIndex);
  let written = '';
  let end = 0;
  for (const citation of citations) {
    const number = numberOf(`File ${citation.fileId ?? 'without an id'}`);
    // A marker that the text does not have at this place, or has in another one, stays as it is.
    if (citation.startIndex < end || !isMarker(text, citation)) continue;
    written += `${text.slice(end, citation.startIndex)} \\[${number}\\]`;
    end = citation.endIndex;
  }
  for (const annotation of annotations) {
    if (annotation.__typename === 'FilePath') numberOf(`Written file ${annotation.fileId ?? annotation.text}`);
    if (annotation.__typename === 'UnknownAnnotation') numberOf(annotation.type.replaceAll('_', ' '));
  }
  return { text: written + text.slice(end), labels };
}

const isMarker = (text: string, { startIndex, endIndex, text: marker }: Citation): boolean =>
  endIndex > startIndex && text.slice(startIndex, endIndex) === marker;

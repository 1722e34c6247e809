/** The parts of one message, in order. Nothing that they name is loaded. */
import { toReferences } from './annotations.ts';
import type { Message, MessagePart, TextPart } from './conversation.ts';
import { Link, Markdown } from './markdown.tsx';

export const MessageParts = ({ message: { role, content } }: { readonly message: Message }) =>
  content.map((part, index) => <Part key={index} part={part} isPlain={role === 'USER'} />);

interface PartProps {
  readonly part: MessagePart;
  /** Whether text is shown as it was typed, not as Markdown. */
  readonly isPlain: boolean;
}

function Part({ part, isPlain }: PartProps) {
  switch (part.__typename) {
    case 'TextContent':
      return isPlain ? <p className="plain">{part.text}</p> : <MarkdownPart part={part} />;
    case 'ImageUrlContent':
      // An image in the message itself needs no request.
      return part.url.startsWith('data:image/') ? (
        <img className="image" src={part.url} alt="In this message" />
      ) : (
        <p className="attachment">
          Image: <Link href={part.url}>{part.url}</Link>
        </p>
      );
    case 'ImageFileContent':
      return (
        <p className="attachment">
          Image in file <code>{part.fileId}</code>
        </p>
      );
    case 'RefusalContent':
      return (
        <div className="attachment">
          <p className="author">The model declined</p>
          <p className="plain">{part.refusal}</p>
        </div>
      );
    default:
      return <p className="attachment muted">A part of the kind “{part.type}”, which this page cannot show.</p>;
  }
}

function MarkdownPart({ part }: { readonly part: TextPart }) {
  const { text, labels } = toReferences(part);
  return (
    <>
      <Markdown text={text} />
      {labels.length > 0 && (
        <ol className="references" aria-label="References">
          {labels.map((label) => (
            <li key={label}>{label}</li>
          ))}
        </ol>
      )}
    </>
  );
}

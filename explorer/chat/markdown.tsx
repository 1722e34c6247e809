/** Text of a message as Markdown. HTML in it is shown as text, and images as links: nothing is loaded. */
import { isValidElement, useRef, type ReactNode } from 'react';
import ReactMarkdown, { type Components } from 'react-markdown';
import remarkGfm from 'remark-gfm';
import { CopyButton } from './copy-button.tsx';

interface MarkdownNode {
  readonly type: string;
  depth?: number;
  readonly children?: readonly MarkdownNode[];
}

/** The headings of a message are below its author's, which is of level 2, and skip no level. */
const compactHeadings = () => (tree: MarkdownNode) => {
  let last = 2;
  const visit = (node: MarkdownNode) => {
    if (node.type === 'heading') {
      node.depth = Math.min((node.depth ?? 1) + 2, last + 1, 6);
      last = node.depth;
    }
    node.children?.forEach(visit);
  };
  visit(tree);
};

const components: Components = {
  a: ({ href, children }) => <Link href={href}>{children}</Link>,
  img: ({ src, alt }) => (
    <Link href={typeof src === 'string' ? src : undefined}>{alt === undefined || alt === '' ? 'Image' : alt}</Link>
  ),
  // Of a list of tasks.
  input: ({ checked }) => (
    <span role="img" aria-label={checked === true ? 'Done' : 'Not done'}>
      {checked === true ? '☑' : '☐'}
    </span>
  ),
  // A wide table or a long line of code scrolls by itself, also with the keyboard.
  pre: ({ children }) => <CodeBlock>{children}</CodeBlock>,
  table: ({ children }) => (
    <div className="table" tabIndex={0}>
      <table>{children}</table>
    </div>
  ),
};

function CodeBlock({ children }: { readonly children?: ReactNode }) {
  const code = useRef<HTMLPreElement>(null);
  const { className = '' } = isValidElement<{ readonly className?: string }>(children) ? children.props : {};
  return (
    <div className="code">
      <div className="code-header">
        <span>{/language-(\S+)/.exec(className)?.[1]}</span>
        <CopyButton label="Copy code" read={() => code.current?.textContent ?? ''} />
      </div>
      <pre ref={code} tabIndex={0}>
        {children}
      </pre>
    </div>
  );
}

interface LinkProps {
  readonly href: string | undefined;
  readonly children?: ReactNode;
}

/** Text only if the address is not one that a browser may open: react-markdown leaves out `javascript:` and the like. */
export const Link = ({ href, children }: LinkProps) =>
  href === undefined || !/^(?:https?:|mailto:)/i.test(href) ? (
    <span>{children}</span>
  ) : (
    <a href={href} target="_blank" rel="noopener noreferrer nofollow">
      {children}
    </a>
  );

/** Links within the page are text here, which an arrow back would only clutter. */
const FOOTNOTES = { footnoteBackContent: '' } as const;
const PLUGINS = [remarkGfm, compactHeadings];

export const Markdown = ({ text }: { readonly text: string }) => (
  <div className="markdown">
    <ReactMarkdown remarkPlugins={PLUGINS} remarkRehypeOptions={FOOTNOTES} components={components}>
      {text}
    </ReactMarkdown>
  </div>
);

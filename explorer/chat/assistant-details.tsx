/** What an assistant is: its model, its instructions and its tools. */
import type { ChatAssistantFragment } from './generated/graphql.ts';

export type Assistant = ChatAssistantFragment;

/** Assistants need not have a name. */
export const nameOf = ({ name, id }: Assistant): string => name ?? id;

export const AssistantDetails = ({ assistant }: { readonly assistant: Assistant }) => (
  <details className="assistant-details">
    <summary>
      <span className="assistant-name">{nameOf(assistant)}</span>
      <span className="muted">{assistant.model}</span>
    </summary>
    {assistant.description !== null && <p>{assistant.description}</p>}
    <h2>Instructions</h2>
    <p className="plain">{assistant.instructions ?? 'None.'}</p>
    <h2>Tools</h2>
    {assistant.tools.length === 0 ? (
      <p>None.</p>
    ) : (
      <ul>
        {assistant.tools.map((tool, index) => (
          <li key={index}>
            {tool.__typename === 'FunctionTool' ? (
              <>
                <code>{tool.name}</code> {tool.description}
              </>
            ) : (
              tool.type.replaceAll('_', ' ')
            )}
          </li>
        ))}
      </ul>
    )}
  </details>
);

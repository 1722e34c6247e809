/** Object types of the content of a message. */
import { Field, ID, Int, InterfaceType } from 'type-graphql';
import type { WireAnnotation, WireContent } from '../../aiml/resources/message.ts';
import type { JsonObject, WireUnknown } from '../../aiml/wire.ts';
import { JSONObject } from '../schema/scalars.ts';
import { NullableField, SimpleObjectType } from '../schema/decorators.ts';

@InterfaceType({
  description: 'A reference in a text. One of a kind that upstream adds later is an `UnknownAnnotation`.',
})
abstract class TextAnnotation {
  @Field(() => String, { description: "Upstream's name for the kind, for example `file_citation`." })
  readonly type: string;

  protected constructor(type: string) {
    this.type = type;
  }
}

/** The fields of annotations that refer to a file. It is not a type of the schema. */
@SimpleObjectType()
abstract class FileAnnotation extends TextAnnotation {
  @Field(() => String, { description: 'The annotated part of the text.' })
  readonly text: string;

  @Field(() => Int, { description: 'Where that part begins, in UTF-16 code units.' })
  readonly startIndex: number;

  @Field(() => Int, { description: 'Where that part ends, exclusive, in UTF-16 code units.' })
  readonly endIndex: number;

  @NullableField(() => ID, 'The file. Null if upstream does not name it.')
  readonly fileId: string | null;

  constructor(wire: Exclude<WireAnnotation, WireUnknown>) {
    super(wire.type);
    this.text = wire.text;
    this.startIndex = wire.start_index;
    this.endIndex = wire.end_index;
    this.fileId = wire.file_id;
  }
}

@SimpleObjectType('Cites a file. `startIndex` and `endIndex` count UTF-16 code units of `text`.', TextAnnotation)
export class FileCitation extends FileAnnotation {}

@SimpleObjectType(
  'Refers to a file that a tool wrote. `startIndex` and `endIndex` count UTF-16 code units of `text`.',
  TextAnnotation,
)
export class FilePath extends FileAnnotation {}

@SimpleObjectType('An annotation of a kind that this schema does not have.', TextAnnotation)
export class UnknownAnnotation extends TextAnnotation {
  @Field(() => JSONObject, { description: 'The annotation as upstream sent it.' })
  readonly raw: JsonObject;

  constructor({ raw }: WireUnknown) {
    super(raw.type);
    this.raw = raw;
  }
}

@InterfaceType({ description: 'A part of a message. One of a kind that upstream adds later is an `UnknownContent`.' })
export abstract class MessageContent {
  @Field(() => String, { description: "Upstream's name for the kind, for example `text`." })
  readonly type: string;

  protected constructor(type: string) {
    this.type = type;
  }
}

@SimpleObjectType('Text.', MessageContent)
export class TextContent extends MessageContent {
  @Field(() => String, { description: 'The text.' })
  readonly text: string;

  @Field(() => [TextAnnotation], { description: 'References in the text.' })
  readonly annotations: readonly TextAnnotation[];

  constructor(text: string, annotations: readonly TextAnnotation[]) {
    super('text');
    this.text = text;
    this.annotations = annotations;
  }
}

@SimpleObjectType('Why the model does not respond.', MessageContent)
class RefusalContent extends MessageContent {
  @Field(() => String, { description: "The model's own words." })
  readonly refusal: string;

  constructor(refusal: string) {
    super('refusal');
    this.refusal = refusal;
  }
}

@SimpleObjectType('An image in an uploaded file.', MessageContent)
class ImageFileContent extends MessageContent {
  @Field(() => ID, { description: 'The file.' })
  readonly fileId: string;

  @NullableField(() => String, 'The resolution, for example `low`. Null if upstream chooses.')
  readonly detail: string | null;

  constructor(fileId: string, detail: string | null) {
    super('image_file');
    this.fileId = fileId;
    this.detail = detail;
  }
}

@SimpleObjectType('An image at a URL.', MessageContent)
class ImageUrlContent extends MessageContent {
  @Field(() => String, { description: 'The URL: http, https or data.' })
  readonly url: string;

  @NullableField(() => String, 'The resolution, for example `low`. Null if upstream chooses.')
  readonly detail: string | null;

  constructor(url: string, detail: string | null) {
    super('image_url');
    this.url = url;
    this.detail = detail;
  }
}

@SimpleObjectType('Content of a kind that this schema does not have.', MessageContent)
class UnknownContent extends MessageContent {
  @Field(() => JSONObject, { description: 'The content as upstream sent it.' })
  readonly raw: JsonObject;

  constructor({ raw }: WireUnknown) {
    super(raw.type);
    this.raw = raw;
  }
}

export function toMessageContent(wire: WireContent): MessageContent {
  switch (wire.type) {
    case 'text':
      return new TextContent(wire.text, wire.annotations.map(toAnnotation));
    case 'refusal':
      return new RefusalContent(wire.refusal);
    case 'image_file':
      return new ImageFileContent(wire.file_id, wire.detail);
    case 'image_url':
      return new ImageUrlContent(wire.url, wire.detail);
    case 'unknown':
      return new UnknownContent(wire);
  }
}

function toAnnotation(wire: WireAnnotation): TextAnnotation {
  switch (wire.type) {
    case 'file_citation':
      return new FileCitation(wire);
    case 'file_path':
      return new FilePath(wire);
    case 'unknown':
      return new UnknownAnnotation(wire);
  }
}

/** Object types of the content of a message. */
import { Field, ID, Int, InterfaceType } from 'type-graphql';
import type { WireAnnotation, WireContent } from '../../aiml/resources/message.ts';
import type { WireUnknown } from '../../aiml/wire.ts';
import { JSONObject } from '../schema/scalars.ts';
import { NullableField, SimpleObjectType } from '../schema/decorators.ts';
import { FromWire, kindOf } from '../schema/from-wire.ts';

type Wire<Type extends WireContent['type']> = Extract<WireContent, { readonly type: Type }>;

@InterfaceType({
  description: 'A reference in a text. One of a kind that upstream adds later is an `UnknownAnnotation`.',
})
abstract class TextAnnotation<Wire extends WireAnnotation = WireAnnotation> extends FromWire<Wire> {
  @Field(() => String, { description: "Upstream's name for the kind, for example `file_citation`." })
  readonly type = kindOf(this.wire);
}

/** The fields of annotations that refer to a file. It is not a type of the schema. */
@SimpleObjectType()
abstract class FileAnnotation extends TextAnnotation<Exclude<WireAnnotation, WireUnknown>> {
  @Field(() => String, { description: 'The annotated part of the text.' })
  readonly text = this.wire.text;

  @Field(() => Int, { description: 'Where that part begins, in UTF-16 code units.' })
  readonly startIndex = this.wire.start_index;

  @Field(() => Int, { description: 'Where that part ends, exclusive, in UTF-16 code units.' })
  readonly endIndex = this.wire.end_index;

  @NullableField(() => ID, 'The file. Null if upstream does not name it.')
  readonly fileId = this.wire.file_id;
}

@SimpleObjectType('Cites a file. `startIndex` and `endIndex` count UTF-16 code units of `text`.', TextAnnotation)
export class FileCitation extends FileAnnotation {}

@SimpleObjectType(
  'Refers to a file that a tool wrote. `startIndex` and `endIndex` count UTF-16 code units of `text`.',
  TextAnnotation,
)
export class FilePath extends FileAnnotation {}

@SimpleObjectType('An annotation of a kind that this schema does not have.', TextAnnotation)
export class UnknownAnnotation extends TextAnnotation<WireUnknown> {
  @Field(() => JSONObject, { description: 'The annotation as upstream sent it.' })
  readonly raw = this.wire.raw;
}

@InterfaceType({ description: 'A part of a message. One of a kind that upstream adds later is an `UnknownContent`.' })
export abstract class MessageContent<W extends WireContent = WireContent> extends FromWire<W> {
  @Field(() => String, { description: "Upstream's name for the kind, for example `text`." })
  readonly type = kindOf(this.wire);
}

@SimpleObjectType('Text.', MessageContent)
export class TextContent extends MessageContent<Wire<'text'>> {
  @Field(() => String, { description: 'The text.' })
  readonly text = this.wire.text;

  @Field(() => [TextAnnotation], { description: 'References in the text.' })
  readonly annotations = this.wire.annotations.map(toAnnotation);
}

@SimpleObjectType('Why the model does not respond.', MessageContent)
class RefusalContent extends MessageContent<Wire<'refusal'>> {
  @Field(() => String, { description: "The model's own words." })
  readonly refusal = this.wire.refusal;
}

@SimpleObjectType('An image in an uploaded file.', MessageContent)
class ImageFileContent extends MessageContent<Wire<'image_file'>> {
  @Field(() => ID, { description: 'The file.' })
  readonly fileId = this.wire.file_id;

  @NullableField(() => String, 'The resolution, for example `low`. Null if upstream chooses.')
  readonly detail = this.wire.detail;
}

@SimpleObjectType('An image at a URL.', MessageContent)
class ImageUrlContent extends MessageContent<Wire<'image_url'>> {
  @Field(() => String, { description: 'The URL: http, https or data.' })
  readonly url = this.wire.url;

  @NullableField(() => String, 'The resolution, for example `low`. Null if upstream chooses.')
  readonly detail = this.wire.detail;
}

@SimpleObjectType('Content of a kind that this schema does not have.', MessageContent)
class UnknownContent extends MessageContent<WireUnknown> {
  @Field(() => JSONObject, { description: 'The content as upstream sent it.' })
  readonly raw = this.wire.raw;
}

export function toMessageContent(wire: WireContent): MessageContent {
  switch (wire.type) {
    case 'text':
      return new TextContent(wire);
    case 'refusal':
      return new RefusalContent(wire);
    case 'image_file':
      return new ImageFileContent(wire);
    case 'image_url':
      return new ImageUrlContent(wire);
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

/** How an Object is written down: one literal table, one row a Resource (OMA TS 1.0.2 §6 and Appendix D). */

export type ResourceType = "string" | "integer" | "float" | "boolean" | "opaque" | "time" | "objlnk";

export interface ObjectLink {
  readonly objectId: number;
  readonly instanceId: number;
}

/** string; integer as number (bigint beyond 2^53); float; boolean; opaque as Buffer; time in seconds since 1970; objlnk. */
export type Value = string | number | bigint | boolean | Buffer | ObjectLink;
/** A multiple Resource: its instances by id, in ascending order. */
export type MultipleValue = ReadonlyMap<number, Value>;
export type ResourceValue = Value | MultipleValue;

interface RowBase {
  /** As in the OMA registry. */
  readonly name: string;
  readonly mandatory: boolean;
  readonly multiple?: boolean;
  readonly type?: ResourceType;
  /** Inclusive bounds of a number, or of the length of a string or opaque; or the only values allowed. */
  readonly range?: readonly [number, number];
  readonly oneOf?: readonly (string | number)[];
  readonly units?: string;
}

/** Takes a value piece by piece, so that it is never in memory as a whole. What throws is through: it hears no more. */
export interface ValueSink {
  /** The bytes are not ours to keep. @throws CoapError */
  write(bytes: Buffer): void;
  /** All of it has come. @throws CoapError */
  end(): void;
  /** The value will never be complete: its sender is gone, or what it sends is no value. */
  abandon(why: "lost" | "malformed"): void;
}

/** Computed from the modem at each Read; undefined = not present now (4.04; absent from Discover and TLV). */
export interface DerivedRow extends RowBase {
  readonly operations: "R" | "RW" | "W";
  readonly type: ResourceType;
  read(instanceId: number): ResourceValue | undefined;
  /** Refuses a value that its type and range allow, before anything of the same Write is carried out. @throws CoapError 4.00 */
  check?(value: ResourceValue): void;
  /** For RW: carries a written value into the modem. @throws CoapError */
  write?(value: ResourceValue, instanceId: number): void;
  /** For W and an opaque value in several blocks, which is not joined in memory. @param size about, bytes, where the Server tells it. @throws CoapError */
  receive?(size: number | undefined, instanceId: number): ValueSink;
  /** What observers compare instead of the value, where the value moves by itself (a clock). */
  compare?(instanceId: number): string | number;
}

/** Kept by the registry. "" = neither readable nor writable by a Server (Security Object). */
export interface StoredRow extends RowBase {
  readonly operations: "R" | "W" | "RW" | "";
  readonly type: ResourceType;
  readonly initial?: ResourceValue;
  /** Each write is news: observers are told even when the value is the same as before. */
  readonly event?: boolean;
  /** Called after a write by a Server or Bootstrap-Server has been stored. */
  written?(value: ResourceValue, instanceId: number): void;
}

/** The arguments of an Execute: their texts by number, 0 to 9; undefined for a number alone. */
export type ExecuteArguments = ReadonlyMap<number, string | undefined>;

export interface ExecutableRow extends RowBase {
  readonly operations: "E";
  /** A Resource without arguments ignores those it is given. @throws CoapError */
  execute(args: ExecuteArguments, instanceId: number): void;
}

export type ResourceRow = DerivedRow | StoredRow | ExecutableRow;

export interface ObjectDefinition {
  readonly id: number;
  readonly name: string;
  readonly urn: string;
  /** Version of the Object, "1.0" when left out; others are told in Register and Discover. */
  readonly version?: string;
  /** "single": instance 0 exists from the start and can neither be created nor deleted by a Server. */
  readonly instances: "single" | "multiple";
  readonly mandatory: boolean;
  /** Whether the device shows it at present (Objects of one carrier profile); always, when left out. */
  offered?(): boolean;
  /** Multiple Objects: instances that exist from the start. */
  readonly initialInstances?: readonly number[];
  readonly resources: Readonly<Record<number, ResourceRow>>;
}

/** @returns a multiple Resource whose instances are numbered from 0. */
export function multipleOf(values: readonly Value[]): MultipleValue {
  return new Map(values.entries());
}

export function isMultiple(value: ResourceValue): value is MultipleValue {
  return value instanceof Map;
}

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

/** Computed from the modem at each Read; undefined = not present now (4.04; absent from Discover and TLV). */
export interface DerivedRow extends RowBase {
  readonly operations: "R" | "RW" | "W";
  readonly type: ResourceType;
  read(instanceId: number): ResourceValue | undefined;
  /** For RW: carries a written value into the modem. @throws CoapError */
  write?(value: ResourceValue, instanceId: number): void;
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

export interface ExecutableRow extends RowBase {
  readonly operations: "E";
  /** @param args the payload as text, "" when there is none. @throws CoapError */
  execute(args: string, instanceId: number): void;
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

export function isMultiple(value: ResourceValue): value is MultipleValue {
  return value instanceof Map;
}

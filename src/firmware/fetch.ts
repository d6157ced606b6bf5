/** How a package is fetched, whatever the protocol. */
import type { PackageUri } from "#firmware/package-uri";

/** What came of an earlier attempt. */
export interface Resume {
  readonly from: number;
  /** Tells whether the package is still the same one. */
  readonly etag: string | undefined;
}

export interface FetchSink {
  /** What comes begins at this byte: not beyond where it was broken off, 0 when it has to begin anew. @throws DownloadError */
  begin(from: number, total: number | undefined, etag: string | undefined): void;
  /** The bytes are not ours to keep. @throws DownloadError */
  piece(bytes: Buffer): void;
}

/** Resolves when all of it has come. @throws DownloadError */
export type Fetch = (uri: PackageUri, resume: Resume, sink: FetchSink, signal: AbortSignal) => Promise<void>;

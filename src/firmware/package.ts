/**
 * The package of firmware or of application software, big-endian:
 *
 *     0    8  "BG96FOTA"
 *     8    4  bytes of the image
 *    12   64  name, UTF-8, zeros behind it
 *    76   64  version: the revision of the firmware, or the version of the application
 *   140   32  SHA-256 of the 140 bytes before and of the image
 *   172       the image
 */
import { createHash } from "node:crypto";
import { DownloadError } from "#firmware/download-error";

/** What a package says of itself. */
export interface Image {
  readonly name: string;
  readonly version: string;
}

/** Read piece by piece: a package need not fit in memory. */
export interface PackageBytes {
  readonly size: number;
  read(at: number, length: number): Buffer;
}

const MAGIC = Buffer.from("BG96FOTA");
const AT = { length: 8, name: 12, version: 76, digest: 140, image: 172 } as const;
const TEXT_BYTES = 64;
const PIECE_BYTES = 65_536;
/** Fits a line of the terminal. */
const VERSION = /^[^\p{Cc}"]+$/u;

const LEAST_PACKAGE_BYTES = AT.image;
/** The module's partition for packages. */
export const MOST_PACKAGE_BYTES = 8 * 1024 * 1024;

/**
 * @param size of the whole package, bytes; the image's bytes look random, and are the same for the same version and size.
 * @throws RangeError
 */
export function makePackage({ name, version }: Image, size: number): Buffer {
  if (!Number.isInteger(size) || size < LEAST_PACKAGE_BYTES || size > MOST_PACKAGE_BYTES) {
    throw new RangeError(`size: not ${LEAST_PACKAGE_BYTES} to ${MOST_PACKAGE_BYTES} bytes`);
  }
  if (!VERSION.test(version) || Buffer.byteLength(version) > TEXT_BYTES) {
    throw new RangeError(`version: not 1 to ${TEXT_BYTES} bytes of text without quotes`);
  }
  if (name.includes("\0") || Buffer.byteLength(name) > TEXT_BYTES) {
    throw new RangeError(`name: not up to ${TEXT_BYTES} bytes of text`);
  }
  const bytes = Buffer.alloc(size);
  MAGIC.copy(bytes);
  bytes.writeUInt32BE(size - AT.image, AT.length);
  bytes.write(name, AT.name);
  bytes.write(version, AT.version);
  const image = bytes.subarray(AT.image);
  if (image.length > 0) createHash("shake256", { outputLength: image.length }).update(version).digest().copy(image);
  createHash("sha256").update(bytes.subarray(0, AT.digest)).update(image).digest().copy(bytes, AT.digest);
  return bytes;
}

/**
 * @param acceptAny takes any other file for a package, too; its version is made of its digest.
 * @throws DownloadError "unsupported" or "integrity"
 */
export function examinePackage(bytes: PackageBytes, acceptAny: boolean): Image {
  const header = bytes.read(0, AT.image);
  if (!header.subarray(0, MAGIC.length).equals(MAGIC)) {
    if (acceptAny && bytes.size > 0) return { name: "", version: `BG96-${digestOf(bytes, 0).toString("hex", 0, 6)}` };
    throw new DownloadError("unsupported", "package: not one of a BG96");
  }
  if (header.length < AT.image || header.readUInt32BE(AT.length) !== bytes.size - AT.image) {
    throw new DownloadError("integrity", "package: is cut short, or longer than it says");
  }
  const digest = digestOf(bytes, AT.image, header.subarray(0, AT.digest));
  if (!digest.equals(header.subarray(AT.digest, AT.image))) {
    throw new DownloadError("integrity", "package: its SHA-256 is another than it says");
  }
  const version = textAt(header, AT.version);
  if (!VERSION.test(version)) throw new DownloadError("unsupported", "package: has no usable version");
  return { name: textAt(header, AT.name), version };
}

function digestOf(bytes: PackageBytes, from: number, before?: Buffer): Buffer {
  const hash = createHash("sha256");
  if (before) hash.update(before);
  for (let at = from; at < bytes.size; at += PIECE_BYTES) hash.update(bytes.read(at, PIECE_BYTES));
  return hash.digest();
}

function textAt(header: Buffer, at: number): string {
  return header
    .subarray(at, at + TEXT_BYTES)
    .toString("utf8")
    .replace(/\0+$/, "");
}

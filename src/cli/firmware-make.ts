/** `bg96 firmware make`: a package for the module to be updated with. */
import { existsSync, rmSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";
import { CliError, systemReason, UsageError } from "#cli/failure";
import { makePackage } from "#firmware/package";

export interface MakeOptions {
  /** The revision the module has afterwards. */
  readonly version: string;
  readonly name: string;
  /** Bytes of the whole package. */
  readonly size: number;
  readonly output: string;
}

/** @throws UsageError, CliError */
export function makeFirmware({ version, name, size, output }: MakeOptions): number {
  let bytes: Buffer;
  try {
    bytes = makePackage({ name, version }, size);
  } catch (error) {
    throw new UsageError(`--${(error as RangeError).message}`, "bg96 firmware --help");
  }
  try {
    writeFileSync(output, bytes, { flag: "wx" });
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    const directory = dirname(output);
    if (!existsSync(directory)) {
      throw new CliError(`cannot write ${output}: there is no directory ${directory}`, `mkdir -p ${directory}`);
    }
    if (code === "ENOSPC") rmSync(output, { force: true }); // the part of it that was written
    throw new CliError(`cannot write ${output}: ${systemReason(error) ?? String(error)}`, "name another file");
  }
  process.stdout.write(`${output}   ${version}, ${size} bytes\n`);
  return 0;
}

/** `bg96 firmware make`: a package for the module to be updated with. */
import { writeFileSync } from "node:fs";
import { CliError, UsageError } from "#cli/failure";
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
    const exists = (error as NodeJS.ErrnoException).code === "EEXIST";
    throw new CliError(
      `cannot write ${output}: ${exists ? "it exists" : (error as Error).message}`,
      "name another file",
    );
  }
  process.stdout.write(`${output}   ${version}, ${size} bytes\n`);
  return 0;
}

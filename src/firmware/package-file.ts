/** A package in the module's file tree. */
import { type Efs, EfsError } from "#efs/efs";
import { DownloadError } from "#firmware/download-error";
import { examinePackage, type Image } from "#firmware/package";

/** @throws DownloadError "integrity" or "unsupported" */
export function examineFile(efs: Efs, path: string, acceptAny: boolean): Image {
  try {
    if (!efs.exists(path)) throw new DownloadError("integrity", `package: there is no ${path}`, "absent");
    const file = efs.open(path);
    try {
      return examinePackage(file, acceptAny);
    } finally {
      file.close();
    }
  } catch (error) {
    throw error instanceof EfsError ? new DownloadError("integrity", error.message) : error;
  }
}

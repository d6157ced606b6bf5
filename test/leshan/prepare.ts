import { prepareLeshan, VERSIONS } from "./leshan.ts";

/** Fetches and builds once, before the files of tests run side by side; they say themselves what is missing. */
export default async function prepare(): Promise<void> {
  await prepareLeshan(VERSIONS);
}

/** Writes whose value goes to its Resource piece by piece, as its blocks arrive: firmware and software packages. */
import type { Request } from "#coap/message";
import type { BodySink } from "#coap/uploads";
import { refuseOldFormats } from "#lwm2m/format/content";
import { createValueStream } from "#lwm2m/format/stream";
import type { ServeContext } from "#lwm2m/operation";
import { pathOf } from "#lwm2m/path";

/**
 * @param size of the payload, where the Server tells it
 * @returns undefined for what is served as a whole. @throws CoapError
 */
export function openUpload(request: Request, size: number | undefined, context: ServeContext): BodySink | undefined {
  const { registry, access, shortServerId } = context;
  const path = request.method === "PUT" && !request.uriQuery?.length ? pathOf(request.uriPath ?? []) : undefined;
  const { objectId, instanceId, resourceId, resourceInstanceId } = path ?? {};
  if (!path || objectId === undefined || instanceId === undefined || resourceId === undefined) return undefined;
  const row = registry.row(objectId, resourceId);
  if (!row || !("receive" in row) || !row.receive || resourceInstanceId !== undefined) return undefined;
  if (!registry.hasInstance(objectId, instanceId)) return undefined;
  access.check(shortServerId, "write", path);
  if (!context.oldFormats) refuseOldFormats(request);
  const stream = createValueStream(request.contentFormat, path);
  const value = row.receive(size === undefined ? undefined : stream.sizeIn(size), instanceId);

  const decoded = <T>(decode: () => T): T => {
    try {
      return decode();
    } catch (error) {
      value.abandon("malformed");
      throw error;
    }
  };
  return {
    write(piece) {
      value.write(decoded(() => stream.push(piece)));
    },
    end() {
      decoded(() => stream.end());
      value.end();
      return { code: "2.04" };
    },
    abandon: () => value.abandon("lost"),
  };
}

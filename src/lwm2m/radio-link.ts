/** A link as the radio carries it: nothing passes while the modem is not online. */
import type { OpenLink } from "#coap/link";
import type { Modem } from "#modem/modem";
import { isOnline } from "#modem/network";

export function overRadio(open: OpenLink, modem: Modem): OpenLink {
  return async (target, signal) => {
    const link = await open(target, signal);
    return {
      localPort: link.localPort,
      description: link.description,
      addedBytes: link.addedBytes ?? 0,
      listen: (events) =>
        link.listen({
          ...events,
          message(datagram) {
            if (isOnline(modem.state)) events.message(datagram);
          },
        }),
      send(datagram) {
        if (isOnline(modem.state)) link.send(datagram);
      },
      close: () => link.close(),
    };
  };
}

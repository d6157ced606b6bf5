/** A link as the radio carries it: nothing passes while the modem has no service. */
import type { OpenLink } from "#coap/link";
import type { Modem } from "#modem/modem";
import { inService } from "#modem/network";

export function overRadio(open: OpenLink, modem: Modem): OpenLink {
  return async (target, signal) => {
    const link = await open(target, signal);
    return {
      localPort: link.localPort,
      description: link.description,
      listen: (events) =>
        link.listen({
          ...events,
          message(datagram) {
            if (inService(modem.state)) events.message(datagram);
          },
        }),
      send(datagram) {
        if (inService(modem.state)) link.send(datagram);
      },
      close: () => link.close(),
    };
  };
}

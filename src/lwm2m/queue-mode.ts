/** The sleep of one Server's session: the machine of awake.ts with its clock, and a link that is deaf meanwhile. */
import type { Link, OpenLink } from "#coap/link";
import { type AwakeEffect, type AwakeEvent, type AwakeState, LISTENING, stepAwake } from "#lwm2m/awake";
import type { Cancel, Clock } from "#runtime";

export interface QueueModeOptions {
  readonly clock: Clock;
  /** ACK_TIMEOUT of lwm2m_cfg: how long the device listens after the last message. */
  readonly awakeMs: number;
  /** Whether an answer of the Server is still due, which the device stays awake for. */
  isWaiting(): boolean;
  onUpdateWanted(): void;
  /** The machine has moved. */
  onState(): void;
}

export interface QueueMode {
  readonly state: AwakeState;
  handle(event: AwakeEvent): void;
  /** Links as they are while the device may sleep: what arrives then is lost, as is the news of their end until it wakes. */
  over(open: OpenLink): OpenLink;
  /** For a new link: no sleep before the Server's first answer. */
  begin(state: AwakeState): void;
}

export function createQueueMode(options: QueueModeOptions): QueueMode {
  const { clock, awakeMs } = options;
  let state: AwakeState = LISTENING;
  let lastMessageMs = 0;
  let timer: Cancel | undefined;
  /** The link has ended while nobody listened. */
  let ended: (() => void) | undefined;

  const arm = (delayMs: number) => {
    // each message only notes its time: a timer a message would cost more than the message
    timer = clock.after(delayMs, () => {
      const leftMs = lastMessageMs + awakeMs - clock.monotonic();
      if (leftMs > 0) return arm(leftMs);
      timer = undefined;
      handle({ type: "quiet", waiting: options.isWaiting() });
    });
  };
  const stopTimer = () => {
    timer?.();
    timer = undefined;
  };

  const perform = (effect: AwakeEffect) => {
    switch (effect.do) {
      case "startTimer":
        if (timer) return;
        lastMessageMs = clock.monotonic();
        return arm(awakeMs);
      case "stopTimer":
        return stopTimer();
      case "update":
        return options.onUpdateWanted();
    }
  };

  const handle = (event: AwakeEvent) => {
    const before = state;
    const step = stepAwake(state, event);
    state = step.state;
    if (state.is !== before.is) options.onState();
    for (const effect of step.effects) perform(effect);
    if (state.is === "asleep" || !ended) return;
    clock.after(0, ended);
    ended = undefined;
  };

  const noteMessage = () => {
    if (timer) lastMessageMs = clock.monotonic();
  };

  const deaf = (link: Link): Link => ({
    localPort: link.localPort,
    description: link.description,
    addedBytes: link.addedBytes ?? 0,
    listen: (events) =>
      link.listen({
        message(datagram) {
          if (state.is === "asleep") return;
          noteMessage();
          events.message(datagram);
        },
        closed(reason) {
          if (state.is === "asleep") ended = () => events.closed(reason);
          else events.closed(reason);
        },
      }),
    send(datagram) {
      if (state.is === "asleep") handle({ type: "sent" });
      noteMessage();
      link.send(datagram);
    },
    close: () => link.close(),
  });

  return {
    get state() {
      return state;
    },
    handle,
    over: (open) => async (target, signal) => deaf(await open(target, signal)),
    begin(first) {
      stopTimer();
      ended = undefined;
      if (state.is === first.is) return;
      state = first;
      options.onState();
    },
  };
}

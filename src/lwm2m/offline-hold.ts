/** What a session leaves until the module is online again: without a network nothing is sent, and no Server has failed. */
import {
  both,
  PLAIN_UPDATE,
  type RegistrationEvent,
  type RegistrationState,
  type UpdateContent,
} from "#lwm2m/registration";

export interface OfflineHold {
  /** @returns what an event is to a session offline; undefined for what is made up for once it is online */
  take(event: RegistrationEvent, state: RegistrationState): RegistrationEvent | undefined;
  /** What has been held: what the next Update is to carry, and whether the time of a Disable is over. */
  release(): { readonly content: UpdateContent; readonly isEnableDue: boolean };
}

export function createOfflineHold(): OfflineHold {
  let content = PLAIN_UPDATE;
  let isEnableDue = false;
  return {
    take(event, state) {
      switch (event.type) {
        case "updateAsked":
          content = both(content, event.content);
          return undefined;
        case "enableDue":
          isEnableDue = true;
          return undefined;
        case "updateDue":
        case "retryDue":
          return undefined;
        case "lost":
        case "failed":
          if (state.is === "updating") content = both(state.again, both(content, state.content));
          return { type: "unheard" };
        default:
          return event;
      }
    },
    release() {
      const held = { content, isEnableDue };
      content = PLAIN_UPDATE;
      isEnableDue = false;
      return held;
    },
  };
}

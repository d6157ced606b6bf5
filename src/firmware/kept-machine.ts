/** A machine of this folder at work: each step is logged, kept on disk, told and done, in this order. */
import { CoapError, type ResponseCode } from "#coap/message";
import type { Log } from "#runtime";

export interface Step<State, Effect> {
  readonly state: State;
  readonly effects: readonly Effect[];
  /** What the Server is told instead of success. */
  readonly refusal?: { readonly code: ResponseCode; readonly detail: string };
}

export interface KeptMachineOptions<State, Event, Effect> {
  readonly name: string;
  readonly log: Log;
  readonly begin: State;
  step(state: State, event: Event): Step<State, Effect>;
  /** What a step is about to do, before it is kept. */
  prepare(effects: readonly Effect[]): void;
  /** @returns whether the disk has taken it */
  save(state: State): boolean;
  onMove(state: State, before: State, event: Event): void;
  perform(effect: Effect): void;
}

export interface KeptMachine<State, Event> {
  readonly state: State;
  /** @throws CoapError when the event is refused. */
  handle(event: Event): void;
}

export function createKeptMachine<State extends { is: string }, Event extends { type: string }, Effect>(
  options: KeptMachineOptions<State, Event, Effect>,
): KeptMachine<State, Event> {
  let state = options.begin;
  return {
    get state() {
      return state;
    },
    handle(event) {
      const before = state;
      const step = options.step(state, event);
      let isKept = true;
      state = step.state;
      if (state !== before) {
        options.log.info({ event: event.type, from: before.is, to: state.is }, options.name);
        options.prepare(step.effects);
        isKept = options.save(state);
        options.onMove(state, before, event);
      }
      for (const effect of step.effects) options.perform(effect);
      if (!isKept) options.save(state); // a package that is gone by now may have left the room for it
      if (step.refusal) throw new CoapError(step.refusal.code, step.refusal.detail);
    },
  };
}

/** The phonebooks of the card and of the module (3GPP TS 27.007 §8.11 to §8.14). */

export interface PhonebookEntry {
  readonly number: string;
  /** 145 international, 129 otherwise. */
  readonly type: number;
  readonly text: string;
}

/** By place, from 1. */
export type Phonebook = Readonly<Record<number, PhonebookEntry>>;

export const PHONEBOOKS = ["SM", "ME"] as const;
export type PhonebookName = (typeof PHONEBOOKS)[number];
export type Phonebooks = Readonly<Record<PhonebookName, Phonebook>>;

/** Entries that fit. */
export const PHONEBOOK_CAPACITY: Readonly<Record<PhonebookName, number>> = { SM: 250, ME: 100 };
/** Most characters. */
export const LONGEST_NUMBER = 40;
export const LONGEST_TEXT = 14;

/** Settings in the module's non-volatile memory, by name; values as printed. */
import type { CommandContext } from "#at/command";

export const keptSetting = ({ modem }: Pick<CommandContext, "modem">, key: string, byDefault: string): string =>
  modem.state.settings[key] ?? byDefault;

/** @returns no information lines. */
export function keepSetting({ modem }: Pick<CommandContext, "modem">, key: string, value: string): readonly [] {
  modem.update((state) => ({ settings: { ...state.settings, [key]: value } }));
  return [];
}

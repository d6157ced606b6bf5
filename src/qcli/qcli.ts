/** QCLI on the debug port: a menu, and the log of the LwM2M Client; there while the module runs, if qcli_config was there at its boot. */
import type { Client } from "#lwm2m/client";
import type { Settings } from "#lwm2m/settings";
import type { Modem } from "#modem/modem";
import { type ClientLogOptions, clientLogLines } from "#qcli/client-log";
import { GROUPS, type QcliGroup } from "#qcli/groups";

export interface Qcli {
  /** Bytes from whoever has the debug port open. */
  receive(bytes: Buffer): void;
  /** The port was closed: what was half typed is void. */
  hangUp(): void;
  close(): void;
}

export interface QcliOptions extends Omit<ClientLogOptions, "settings"> {
  readonly modem: Modem;
  readonly client: Pick<Client, "status">;
  readonly settings: ClientLogOptions["settings"] & Pick<Settings, "qcli">;
  readonly output: (bytes: Buffer) => void;
}

const LONGEST_LINE = 128;
const ENTER = 0x0d;
const LINE_FEED = 0x0a;
const BACKSPACES: readonly number[] = [0x08, 0x7f];

export function createQcli(options: QcliOptions): Qcli {
  const { modem, client, settings } = options;
  /** Whether qcli_config was there at boot. */
  let enabled = false;
  /** Exit has been chosen at the top: nothing more until Enter. */
  let left = false;
  /** The LwM2M Client has registered its commands in this boot. */
  let clientRegistered = false;
  let group: QcliGroup | undefined;
  let typed = "";
  let lastByte = 0;

  const send = (text: string) => options.output(Buffer.from(text, "latin1"));
  const say = (lines: readonly string[]) => {
    if (lines.length > 0) send(lines.map((line) => `${line}\r\n`).join(""));
  };
  const prompt = () => send(group ? `${group.name}> ` : "> ");

  /** In the order of their numbers: Help, Exit, then the commands of a group, or at the top the groups. */
  const items = (): ReadonlyArray<{ readonly name: string; choose(): void }> => [
    { name: "Help", choose: list },
    { name: "Exit", choose: exit },
    ...(group?.commands ?? []).map(({ name, show }) => ({
      name,
      choose: () => say(show({ state: modem.state, client: client.status })),
    })),
    ...(group ? [] : GROUPS).map((each) => ({
      name: each.name,
      choose() {
        group = each;
        list();
      },
    })),
  ];

  const list = () => {
    const numbered = items().map(({ name }, index) => `${index + 1}. ${name}`);
    const commands = 2 + (group?.commands.length ?? 0);
    say(["", "Command List:", "", "Commands:", "", ...numbered.slice(0, commands), ""]);
    if (!group) say(["Subgroups:", "", ...numbered.slice(commands), ""]);
  };
  const exit = () => {
    if (!group) left = true;
    group = undefined;
  };

  const choose = (text: string) => {
    if (left) {
      left = false;
      list();
    } else if (text !== "") {
      const known = items();
      const item = known[Number(text) - 1] ?? known.find(({ name }) => name.toLowerCase() === text.toLowerCase());
      if (item) item.choose();
      else say([`Unknown command: ${text}`]);
    } else {
      list();
    }
    if (!left) prompt();
  };

  const take = (byte: number) => {
    const isSecondOfPair = byte === LINE_FEED && lastByte === ENTER;
    lastByte = byte;
    if (isSecondOfPair) return;
    if (byte === ENTER || byte === LINE_FEED) {
      send("\r\n");
      const text = typed.trim();
      typed = "";
      choose(text);
    } else if (BACKSPACES.includes(byte)) {
      if (typed !== "") send("\b \b");
      typed = typed.slice(0, -1);
    } else if (byte >= 0x20 && byte < 0x7f && typed.length < LONGEST_LINE) {
      typed += String.fromCharCode(byte);
      send(String.fromCharCode(byte));
    }
  };

  const begin = () => {
    enabled = settings.qcli;
    left = clientRegistered = false;
    group = undefined;
    typed = "";
    if (!enabled) return;
    say(GROUPS.map(({ announcement }) => announcement));
    list();
    prompt();
  };

  const unsubscribe = modem.onChange((now, before) => {
    if (now.power.phase !== before.power.phase) {
      if (now.power.phase === "running") begin();
      else enabled = false;
    }
    if (!enabled || left) return;
    const lines = clientLogLines(now, before, options);
    if (lines.length > 0 && !clientRegistered) say(["LwM2M: CLI registered"]);
    clientRegistered ||= lines.length > 0;
    say(lines);
  });

  return {
    receive(bytes) {
      if (enabled) for (const byte of bytes) take(byte);
    },
    hangUp() {
      typed = "";
    },
    close: unsubscribe,
  };
}

/** AT+QF…: the module's files, in and out (Quectel BG96 FILE manual). */
import { type CommandDefinition, defineCommand } from "#at/command";
import { checksum, FILE_ERROR } from "#at/memory/module-files";
import { integer, optional, string } from "#at/parameter";
import { CmeError } from "#at/result";

const spec = "Quectel BG96 FILE AT Commands Manual";
const MAX_BYTES = 8 * 1024 * 1024;
/** In ack mode the module says so after each of these. */
const ACK_BYTES = 1024;

/** Names of any kind: one that does not do is 406, not 400. */
const filename = string("filename", { range: "<filename>" });
const handle = { ...integer("filehandle", { min: 0, max: 0xffff_ffff }), range: "<filehandle>" };
const seconds = { min: 1, max: 65_535 };
const size = { min: 1, max: 0xffff_ffff };

const upload = defineCommand({
  name: "+QFUPL",
  title: "Upload a file to the module: bytes behind CONNECT, ended by their number or +++",
  spec,
  errors: "file",
  parameters: [
    filename,
    optional({ ...integer("file_size", size), range: `(1-${MAX_BYTES})` }),
    optional(integer("timeout", seconds)),
    optional(integer("ackmode", [0, 1])),
  ],
  test: ({ modem }) => [`+QFUPL: <filename>[,(1-${Math.min(modem.state.memory.freeKb * 1024, MAX_BYTES)})[,(1-65535)[,(0,1)]]]`],
  async write({ files, data }, { filename: name, file_size = 10_240, timeout = 5, ackmode = 0 }) {
    if (files.exists(name)) throw new CmeError(FILE_ERROR.exists, name);
    if (file_size > MAX_BYTES) throw new CmeError(FILE_ERROR.tooLarge, name);
    if (file_size > files.space.free) throw new CmeError(FILE_ERROR.driveFull, name);
    let acknowledged = 0;
    const { bytes, end } = await data.receive(file_size, timeout * 1000, (taken) => {
      if (ackmode === 0) return;
      const due = Math.floor(taken / ACK_BYTES);
      if (due > acknowledged) data.write(Buffer.from("A".repeat(due - acknowledged)));
      acknowledged = due;
    });
    if (end === "timeout") throw new CmeError(FILE_ERROR.timeout, name);
    files.write(name, bytes);
    return [`+QFUPL: ${bytes.length},${checksum(bytes)}`];
  },
});

const download = defineCommand({
  name: "+QFDWL",
  title: "Download a file from the module",
  spec,
  errors: "file",
  parameters: [filename],
  write({ files, data }, { filename: name }) {
    const content = files.read(name);
    data.send(content);
    return [`+QFDWL: ${content.length},${checksum(content)}`];
  },
});

const list = defineCommand({
  name: "+QFLST",
  title: "List files; EUFS:/datatx/ holds those of the LwM2M Client",
  spec,
  errors: "file",
  parameters: [string("name_pattern")],
  test: () => [],
  execute: ({ files }) => files.list("*").map(({ name, bytes }) => `+QFLST: "${name}",${bytes}`),
  write: ({ files }, { name_pattern }) => {
    const found = files.list(name_pattern);
    if (found.length === 0 && !name_pattern.includes("*")) throw new CmeError(FILE_ERROR.notFound, name_pattern);
    return found.map(({ name, bytes }) => `+QFLST: "${name}",${bytes}`);
  },
});

const remove = defineCommand({
  name: "+QFDEL",
  title: "Delete a file, or those that fit a pattern",
  spec,
  errors: "file",
  parameters: [filename],
  write({ files }, { filename: pattern }) {
    if (!pattern.includes("*")) files.remove(pattern);
    else for (const { name } of files.list(pattern)) files.remove(name);
    return [];
  },
});

const space = defineCommand({
  name: "+QFLDS",
  title: "Free and total bytes of the flash; alone: bytes and number of the files",
  spec,
  errors: "file",
  parameters: [string("name_pattern", { pattern: /^E?UFS$/, range: '("UFS","EUFS")' })],
  test: () => [],
  execute({ files }) {
    const all = files.list("*");
    return [`+QFLDS: ${all.reduce((sum, { bytes }) => sum + bytes, 0)},${all.length}`];
  },
  write: ({ files }) => [`+QFLDS: ${files.space.free},${files.space.total}`],
});

const open = defineCommand({
  name: "+QFOPEN",
  title: "Open a file: 0 made if missing, 1 made or emptied, 2 read only",
  spec,
  errors: "file",
  parameters: [filename, optional(integer("mode", [0, 1, 2]))],
  read: ({ files }) => files.openFiles.map(({ name, handle: id, mode }) => `+QFOPEN: "${name}",${id},${mode}`),
  write: ({ files }, { filename: name, mode = 0 }) => [`+QFOPEN: ${files.open(name, mode).handle}`],
});

const read = defineCommand({
  name: "+QFREAD",
  title: "Read from an open file",
  spec,
  errors: "file",
  parameters: [handle, optional({ ...integer("length", size), range: "<length>" })],
  write({ files, data }, { filehandle, length = MAX_BYTES }) {
    const file = files.file(filehandle);
    const bytes = files.read(file.name).subarray(file.position, file.position + length);
    if (bytes.length === 0) throw new CmeError(FILE_ERROR.readZeroBytes, file.name);
    file.position += bytes.length;
    data.send(bytes, `CONNECT ${bytes.length}`);
    return [];
  },
});

const write = defineCommand({
  name: "+QFWRITE",
  title: "Write to an open file",
  spec,
  errors: "file",
  parameters: [handle, optional({ ...integer("length", size), range: "<length>" }), optional({ ...integer("timeout", seconds), range: "<timeout>" })],
  async write({ files, data }, { filehandle, length = 10_240, timeout = 5 }) {
    const file = files.file(filehandle);
    if (file.mode === 2) throw new CmeError(FILE_ERROR.readOnly, file.name);
    if (file.position + length > MAX_BYTES) throw new CmeError(FILE_ERROR.tooLarge, file.name);
    const { bytes } = await data.receive(length, timeout * 1000);
    const before = files.read(file.name);
    const after = Buffer.alloc(Math.max(before.length, file.position + bytes.length));
    before.copy(after);
    bytes.copy(after, file.position);
    files.write(file.name, after);
    file.position += bytes.length;
    return [`+QFWRITE: ${bytes.length},${after.length}`];
  },
});

const seek = defineCommand({
  name: "+QFSEEK",
  title: "Move within an open file: 0 from the start, 1 from where it stands, 2 back from the end",
  spec,
  errors: "file",
  parameters: [
    handle,
    { ...integer("offset", { min: 0, max: MAX_BYTES }), range: "<offset>" },
    optional({ ...integer("position", [0, 1, 2]), range: "<position>" }),
  ],
  write({ files }, { filehandle, offset, position = 0 }) {
    const file = files.file(filehandle);
    const end = files.read(file.name).length;
    const target = [offset, file.position + offset, end - offset][position]!;
    if (target > end || target < 0) throw new CmeError(FILE_ERROR.beyondEnd, file.name);
    file.position = target;
    return [];
  },
});

const position = defineCommand({
  name: "+QFPOSITION",
  title: "Where an open file is read and written next",
  spec,
  errors: "file",
  parameters: [handle],
  write: ({ files }, { filehandle }) => [`+QFPOSITION: ${files.file(filehandle).position}`],
});

const truncate = defineCommand({
  name: "+QFTUCAT",
  title: "Cut an open file at its position",
  spec,
  errors: "file",
  parameters: [handle],
  write({ files }, { filehandle }) {
    const file = files.file(filehandle);
    if (file.mode === 2) throw new CmeError(FILE_ERROR.readOnly, file.name);
    files.write(file.name, files.read(file.name).subarray(0, file.position));
    return [];
  },
});

const close = defineCommand({
  name: "+QFCLOSE",
  title: "Close a file",
  spec,
  errors: "file",
  parameters: [handle],
  write({ files }, { filehandle }) {
    files.close(filehandle);
    return [];
  },
});

export const fileCommands: readonly CommandDefinition[] = [upload, download, list, remove, space, open, read, write, seek, position, truncate, close];

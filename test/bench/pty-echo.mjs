/** The least a Node.js process can do behind a pty: node pty-echo.mjs LINK answers each line with its echo and OK. */
import { openPty } from "#port/pty";
import { silentLog, systemClock, systemRandom } from "#runtime";

const CR = 0x0d;
const port = openPty({ link: process.argv[2], runtime: { clock: systemClock, random: systemRandom, log: silentLog } });
port.onData((bytes) => {
  let answer = "";
  for (const line of bytes.toString("latin1").split("\r").slice(0, -1)) answer += `${line}\r\r\nOK\r\n`;
  port.write(Buffer.from(bytes.includes(CR) ? answer : "", "latin1"));
});
process.on("SIGTERM", () => process.exit(0));

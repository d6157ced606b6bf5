/** The least a Node.js process can do with datagrams: node echo.mjs PORT sends each one of that port back as it is. */
import { createSocket } from "node:dgram";

const socket = createSocket("udp4");
socket.on("message", (datagram) => socket.send(datagram));
socket.on("connect", () => socket.send("hello"));
socket.connect(Number(process.argv[2]), "127.0.0.1");

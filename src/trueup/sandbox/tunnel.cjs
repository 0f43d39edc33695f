// Sends Node's TLS connections through the CONNECT tunnel of a fallback: Node below 24 reads no
// proxy variable. Loaded by --require before a block; any connection without TLS is refused.
"use strict";

const { once } = require("node:events");
const { syncBuiltinESMExports } = require("node:module");
const net = require("node:net");
const { Duplex } = require("node:stream");
const tls = require("node:tls");

const proxy = new URL(process.env.HTTPS_PROXY);
const connect = { net: net.connect, tls: tls.connect };

/** Opens the tunnel to a host on a socket; throws if that is refused. */
async function openTunnel(socket, host, port) {
  const address = `${host}:${port}`;
  await once(socket, "connect");
  socket.write(`CONNECT ${address} HTTP/1.1\r\nHost: ${address}\r\n\r\n`);
  let head = Buffer.alloc(0);
  while (!head.includes("\r\n\r\n")) {
    const [chunk] = await Promise.race([once(socket, "data"), closed(socket)]);
    head = Buffer.concat([head, chunk]);
  }
  socket.pause();
  if (!head.toString("latin1").startsWith("HTTP/1.1 200 ")) {
    throw new Error(`the tunnel refused ${address}`);
  }
  const rest = head.subarray(head.indexOf("\r\n\r\n") + 4);
  if (rest.length > 0) {
    socket.unshift(rest);
  }
}

async function closed(socket) {
  await once(socket, "close");
  throw new Error("the tunnel hung up");
}

/** A stream that accepts writes at once and passes them on when the tunnel is open. */
class Tunnelled extends Duplex {
  constructor(host, port) {
    super();
    this.inner = connect.net({ host: proxy.hostname, port: Number(proxy.port) });
    this.inner.on("error", (error) => this.destroy(error));
    this.opened = openTunnel(this.inner, host, port);
    this.opened.then(
      () => {
        this.inner.on("data", (chunk) => this.push(chunk) || this.inner.pause());
        this.inner.on("end", () => this.push(null));
        this.inner.on("close", () => this.destroy());
      },
      (error) => {
        this.inner.destroy();
        this.destroy(error);
      },
    );
  }

  _read() {
    this.opened.then(
      () => this.inner.resume(),
      () => {},
    );
  }

  _write(chunk, encoding, done) {
    this.opened.then(() => this.inner.write(chunk, encoding, done), done);
  }

  _final(done) {
    this.opened.then(() => this.inner.end(done), done);
  }

  _destroy(error, done) {
    this.inner.destroy();
    done(error);
  }
}

/** The options of either form: (options, listener), or (port, host, options, listener). */
function normalized(given) {
  const options = {};
  for (const argument of given) {
    if (typeof argument === "number") {
      options.port = argument;
    } else if (typeof argument === "string") {
      options.host = argument;
    } else if (typeof argument === "object" && argument !== null) {
      Object.assign(options, argument);
    }
  }
  return { options, listener: given.find((argument) => typeof argument === "function") };
}

tls.connect = (...given) => {
  const { options, listener } = normalized(given);
  if (options.socket) {
    return connect.tls(options, listener);
  }
  const host = options.host ?? "localhost";
  const stream = new Tunnelled(host, options.port);
  const servername = options.servername ?? (net.isIP(host) ? "" : host);
  const socket = connect.tls({ ...options, servername, socket: stream }, listener);
  // An idle connection that is kept must not keep the program.
  for (const name of ["ref", "unref"]) {
    const own = socket[name].bind(socket);
    socket[name] = () => {
      stream.inner[name]();
      return own();
    };
  }
  return socket;
};

net.connect = net.createConnection = (...given) => {
  const { options } = normalized(given);
  const socket = new net.Socket();
  const host = options.host ?? options.path ?? "localhost";
  const probe = connect.net({ host: proxy.hostname, port: Number(proxy.port) });
  probe.on("error", () => {});
  // The tunnel leads to TLS alone; this request only puts the host into its log of refused ones.
  const port = (options.port ?? 80) == 80 ? "" : `:${options.port}`;
  const request = `GET http://${host}${port}/ HTTP/1.1\r\n\r\n`;
  probe.end(request, () => probe.resume());
  probe.on("close", () => socket.destroy(new Error(`the tunnel refused ${host}`)));
  return socket;
};

syncBuiltinESMExports();

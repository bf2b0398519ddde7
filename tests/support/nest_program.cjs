// A CommonJS app of NestJS, as its own template makes them: it is asked by itself, and writes what was counted.
"use strict";

require("reflect-metadata");
const { Controller, Get, Module, Param } = require("@nestjs/common");
const { NestFactory } = require("@nestjs/core");
const { createMonitor } = require("@rtm/runtime-metrics");
const { expressMetrics } = require("@rtm/runtime-metrics/node");

class Users {
  one(id) {
    return id;
  }
}
Get(":id")(Users.prototype, "one", Object.getOwnPropertyDescriptor(Users.prototype, "one"));
Param("id")(Users.prototype, "one", 0);
Controller("users")(Users);
class App {}
Module({ controllers: [Users] })(App);

async function main() {
  const monitor = createMonitor();
  const app = await NestFactory.create(App, { logger: false });
  app.use(expressMetrics(monitor));
  await app.listen(0, "127.0.0.1");
  const url = `http://127.0.0.1:${app.getHttpServer().address().port}`;
  for (const path of ["/users/1", "/users/2", "/unknown"]) await (await fetch(url + path)).text();
  const page = await (await fetch(`${url}/metrics`)).text();
  console.log(page.split("\n").filter((line) => line.startsWith("http_requests_total{")).sort().join("\n"));
  await app.close();
  monitor.stop();
}

void main();

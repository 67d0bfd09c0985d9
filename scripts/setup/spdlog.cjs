// @ts-check
/**
 * The part of the native package @vscode/spdlog that VS Code's server uses, in JavaScript, so that its logs and output
 * channels work without a C++ compiler. Takes that package's place in an installed server.
 */
"use strict";
const { appendFileSync } = require("node:fs");

const levels = ["trace", "debug", "info", "warning", "error", "critical", "off"];

class Logger {
  /** @param {string} _name @param {string} path */
  constructor(_name, path) {
    this.path = path;
    this.level = 2;
    this.formatted = true;
  }
  getLevel() {
    return this.level;
  }
  /** @param {number} level */
  setLevel(level) {
    this.level = level;
  }
  setPattern() {
    this.formatted = true;
  }
  clearFormatters() {
    this.formatted = false;
  }
  flush() {}
  drop() {}
  /** @param {number} level @param {string} message */
  write(level, message) {
    if (level < this.level) return;
    const time = new Date().toISOString().replace("T", " ").replace("Z", "");
    try {
      appendFileSync(this.path, this.formatted ? `${time} [${levels[level]}] ${message}\n` : message);
    } catch {
      // A log that cannot be written must not stop the server: its folder may be gone while it shuts down.
    }
  }
  /** @param {string} message */
  trace(message) {
    this.write(0, message);
  }
  /** @param {string} message */
  debug(message) {
    this.write(1, message);
  }
  /** @param {string} message */
  info(message) {
    this.write(2, message);
  }
  /** @param {string} message */
  warn(message) {
    this.write(3, message);
  }
  /** @param {string} message */
  error(message) {
    this.write(4, message);
  }
  /** @param {string} message */
  critical(message) {
    this.write(5, message);
  }
}

/** @param {string} name @param {string} path */
const create = async (name, path) => new Logger(name, path);
exports.createRotatingLogger = create;
exports.createAsyncRotatingLogger = create;
exports.setFlushOn = () => {};
exports.setLevel = () => {};
exports.shutdown = () => {};
exports.Logger = Logger;
